"""The roles of linears in families that the table does not know, told by their names alone."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["role_by_leaf", "role_by_path"]

_ATTENTION: Final = r"\w*(?:attn|[Aa]ttention)"
_FFN: Final = r"(?:mlp|ffn?|feed_forward|DenseReluDense)"
_OTHER: Final = r"(?:router|indexer|compressor|bottleneck)"  # beside attention and FFN, with names of theirs
_ROLE_OF_PATH: Final = (  # the first that the end of the name fits
    ("q", rf"{_ATTENTION}\.Wq"),
    ("k", rf"{_ATTENTION}\.Wk"),
    ("v", rf"{_ATTENTION}\.Wv"),
    ("o", rf"{_ATTENTION}\.(?:output|dense|output\.dense|Wo)"),
    ("gate_proj", rf"{_ATTENTION}\.gate_proj"),  # attention's own gate, where ``gate`` is the FFN's
    ("fc1", rf"{_FFN}\.(?:0|key)|intermediate\.dense"),
    ("fc2", rf"{_FFN}\.(?:2|value|c_proj|dense|[Ww]o)|output\.dense"),
    ("out_proj", r"(?:mamba|mixer|conv)\.out_proj"),
)
_ROLE_OF_LEAF: Final = (
    ("q", r"q|wq|query|q_proj|q_lin|query_proj"),
    ("k", r"k|wk|key|k_proj|k_lin|key_proj"),
    ("v", r"v|wv|value|v_proj|v_lin|value_proj"),
    ("o", r"o|wo|o_proj|out_proj|out_lin|c_proj"),
    ("gate", r"gate_proj|w1"),
    ("up", r"up_proj|w3"),
    ("down", r"down_proj|w2"),
    ("fc1", r"fc1|lin1|wi|dense_h_to_4h|c_fc|fc_in"),
    ("fc2", r"fc2|lin2|dense_4h_to_h|fc_out"),
)


def role_by_path(name: str) -> str:
    """The role of a linear by its full name, which also says what it is a part of.

    One that no pattern fits is called as its module is, or as what holds it where that is a number; in a
    router and the like the two names are one role.

    >>> [role_by_path(f"layers.0.{name}") for name in ("attn.c_proj", "mlp.c_proj", "mlp.router.gate")]
    ['o', 'fc2', 'router_gate']
    """
    if re.search(rf"(?:^|\.){_OTHER}\.", name):
        return "_".join(name.split(".")[-2:])
    for role, pattern in _ROLE_OF_PATH:
        if re.search(rf"(?:^|\.)(?:{pattern})$", name):
            return role
    return role_by_leaf(re.sub(r"(\.[0-9]+|(?<=[^.0-9])\.linear)+$", "", name))


def role_by_leaf(name: str) -> str:
    """The role of a linear by the last part of its name alone, as earlier versions told it."""
    leaf = name.rpartition(".")[2]
    return next((role for role, pattern in _ROLE_OF_LEAF if re.fullmatch(pattern, leaf)), leaf)
