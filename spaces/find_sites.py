"""The sites that a space names in one model; shapes are enough, so meta-device models will do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from torch import nn
from transformers import PreTrainedModel

from .errors import UsageError
from .families import FAMILIES, Family, Linear, find_family
from .grammar import Term, parse_space
from .site import Site, Tap

__all__ = ["find_sites"]

_ROLE_OF_LEAF = (  # for families that the table does not know
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


def find_sites(model: PreTrainedModel, space: str) -> tuple[Site, ...]:
    """Sites of ``space`` (see ``grammar``) in the model, block by block.

    Raises UsageError on a role that the model does not have, on shortcuts in a model whose family is
    not in the table, and where a span leaves no site.
    """
    family = find_family(model.config)
    sites: dict[str, Site] = {}
    for term in parse_space(space):
        if family:
            found = list(_family_sites(model, family, term))
        elif term.kind == "lora":
            found = list(_sites_by_leaf_name(model, term))
        else:
            raise UsageError(
                f"model_type={model.config.model_type!r} has no known residual stream, so it has no "
                f"{term.kind} sites; use `space=lora`, or one of the families {sorted(FAMILIES)}."
            )
        if not found and term.kind == "lora":
            raise UsageError(
                f"`space={space!r}`: this {model.config.model_type} model has no linear in a numbered block, "
                "so that no lora wire can join it; choose another model."
            )
        if not found:
            raise UsageError(
                f"`space={space!r}`: {term} has no site in this model, which is too shallow for it; "
                "use a smaller span or other roles."
            )
        sites.update((site.name, site) for site in found)
    return tuple(sorted(sites.values(), key=lambda site: site.layer))


def _family_sites(model: PreTrainedModel, family: Family, term: Term) -> Iterator[Site]:
    prefix, blocks = _blocks(model, family)
    if term.kind == "lora":
        for role in _checked_roles(term, family.linears):
            for layer, block in enumerate(blocks):
                yield _lora_site(f"{prefix}.{layer}", block, layer, role, family.linears[role])
        return
    assert term.roles is not None
    hidden = int(model.config.hidden_size)
    for role in term.roles:
        for span in term.spans:
            for layer in range(len(blocks)):
                ends = _shortcut_taps(family, prefix, layer, role, span)
                if ends:
                    name = f"layers.{layer}.{role}" + (str(span) if span > 1 else "")
                    source, target, norm = ends
                    yield Site(name, layer, role, term.kind, hidden, hidden, source, target, norm)


def _blocks(model: PreTrainedModel, family: Family) -> tuple[str, nn.ModuleList]:
    """Full name of the block list, and the list."""
    base = model.base_model
    inside = "" if base is model else f"{model.base_model_prefix}."
    blocks = base.get_submodule(family.blocks)
    assert isinstance(blocks, nn.ModuleList)
    return inside + family.blocks, blocks


def _checked_roles(term: Term, known: Mapping[str, object]) -> tuple[str, ...]:
    roles = tuple(known) if term.roles is None else term.roles
    if unknown := [role for role in roles if role not in known]:
        raise UsageError(
            f"{unknown} are not lora roles of this model, which has {list(known)}; name those, or lora[all]."
        )
    return roles


def _lora_site(block_name: str, block: nn.Module, layer: int, role: str, linear: Linear) -> Site:
    module = f"{block_name}.{linear.module}"
    d_in, d_out = _shape(block.get_submodule(linear.module))
    part = None
    if linear.third is not None:
        d_out //= 3
        part = (linear.third * d_out, (linear.third + 1) * d_out)
    return Site(
        f"layers.{layer}.{role}",
        layer,
        role,
        "lora",
        d_in,
        d_out,
        Tap(module, "in", first_call=linear.first_call),
        Tap(module, "out", part, linear.first_call),
    )


def _shape(linear: nn.Module) -> tuple[int, int]:
    """(d_in, d_out) of nn.Linear, quantized linears (which pack their weight) and GPT-2's Conv1D."""
    if isinstance(getattr(linear, "in_features", None), int):
        return int(linear.in_features), int(linear.out_features)  # type: ignore[arg-type]
    return int(linear.nx), int(linear.nf)  # type: ignore[arg-type]


def _shortcut_taps(
    family: Family, prefix: str, layer: int, role: str, span: int
) -> tuple[Tap, Tap, str | None] | None:
    """(source, target, norm) by DESIGN section 1's table; None where the source lies before block 0."""

    def at(tap: Tap, block: int) -> Tap:
        return Tap(f"{prefix}.{block}" + (f".{tap.module}" if tap.module else ""), tap.side)

    block_input = Tap("", "in")
    norm1, norm2 = (f"{prefix}.{layer}.{norm}" for norm in family.norms) if family.norms else (None, None)
    if role == "res1":
        return at(block_input, layer), at(family.attention_sum, layer), None
    if role == "res2":
        return at(family.attention_state, layer), at(family.ffn_sum, layer), None
    if role == "cut" and layer - span >= 0:
        return at(family.attention_state, layer - span), at(family.attention_sum, layer), norm1
    if role == "in" and layer + 1 - span >= 0:
        return at(block_input, layer + 1 - span), at(family.ffn_sum, layer), norm2
    return None


def _sites_by_leaf_name(model: PreTrainedModel, term: Term) -> Iterator[Site]:
    """Linears of a family that the table does not know, told by block number and leaf name."""
    found: dict[str, list[tuple[int, str, nn.Module]]] = {}
    for name, module in model.base_model.named_modules():
        number = re.search(r"\.(\d+)\.", f".{name}.")
        if not number or not _is_linear(module):
            continue
        leaf = name.rpartition(".")[2]
        role = next((role for role, pattern in _ROLE_OF_LEAF if re.fullmatch(pattern, leaf)), leaf)
        full = name if model.base_model is model else f"{model.base_model_prefix}.{name}"
        found.setdefault(role, []).append((int(number[1]), full, module))
    for role in _checked_roles(term, found):
        seen: dict[int, int] = {}
        for layer, full, module in found[role]:
            count = seen[layer] = seen.get(layer, 0) + 1  # an encoder-decoder has two blocks of one number
            name = f"layers.{layer}.{role}" + (f".{count}" if count > 1 else "")
            d_in, d_out = _shape(module)
            yield Site(name, layer, role, "lora", d_in, d_out, Tap(full, "in"), Tap(full, "out"))


def _is_linear(module: nn.Module) -> bool:
    return (
        isinstance(module, nn.Linear)
        or type(module).__name__ == "Conv1D"
        or (
            isinstance(getattr(module, "in_features", None), int)
            and isinstance(getattr(module, "out_features", None), int)
        )
    )
