"""Every method by name, and reading a method as it is typed: ``hetero-dynamic[proxy=snip,frequency=2]``."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from transformers import PreTrainedModel

from evaluators.training.gate_policy import GatePolicy
from spaces.errors import UsageError
from spaces.objective import Objective
from spaces.site import Site
from spaces.unknown_name import row_named

from .adalora import AdaLora
from .alora import ALora
from .dylora import DyLora
from .flop import Flop, check_linears
from .full import Full
from .hetero import Hetero
from .lora import HeadOnly, Lora, check_head
from .salora import SaLora
from .sora import Sora
from .spectral import Spectral

__all__ = ["METHODS", "Method", "check_spec", "find_method", "parts_of_spec", "policy_of", "split_specs"]

_BASE_WEIGHTS: Final = 0.1  # of an adapter's rate: HeteroLoRA's tables 7 and 8 have 1/50 to 1/5, mostly 1/10

_LARGEST: Final = 1_000_000  # of a setting, far above what any of them can mean
_DIGITS: Final = 40  # as typed: thousands take Python for ever


def _takes_all(model: PreTrainedModel, objective: Objective, sites: Sequence[Site]) -> None:
    """What is checked of a method that can do with any."""


def _full(_max_params: int, model: PreTrainedModel | None) -> Full:
    return Full(0, ()) if model is None else Full.of(model)


@dataclass(frozen=True, slots=True)
class Method:
    """A row of the leaderboard.

    build: its policy, from a budget of parameters and the base model; None of it where only settings
    count. adapter: whether it ends as wires within the budget, to be saved as an adapter. rate: factor on
    every learning rate of the grid. rescales: whether it asks the scaling rule for other ranks than those
    at which its wires start. check: raises InputError, before anything is trained, on what of a model,
    objective and sites it cannot use.
    """

    summary: str
    build: Callable[[int, PreTrainedModel | None], GatePolicy]
    adapter: bool = True
    rate: float = 1.0
    rescales: bool = False
    check: Callable[[PreTrainedModel, Objective, Sequence[Site]], None] = _takes_all


METHODS: Final[Mapping[str, Method]] = {
    "lora": Method("LoRA, every site at one rank", lambda budget, _: Lora(budget)),
    "head": Method("the head alone", lambda budget, _: HeadOnly(budget), adapter=False, check=check_head),
    "full": Method("full fine-tuning", _full, adapter=False, rate=_BASE_WEIGHTS),
    "hetero-static": Method("HeteroLoRA, chosen once", lambda budget, _: Hetero(budget)),
    "hetero-dynamic": Method(
        "HeteroLoRA, chosen five times an epoch", lambda budget, _: Hetero(budget, frequency=5)
    ),
    "hetero-separated": Method(
        "the same, each kind with its own share",
        lambda budget, _: Hetero(budget, frequency=5, allotment="separated"),
    ),
    "dylora": Method("DyLoRA, ranks drawn step by step", lambda budget, _: DyLora(budget), rescales=True),
    "dylora-frozen": Method(
        "DyLoRA, one row a step",
        lambda budget, _: DyLora(budget, updates="row", multiple=1.0),
        rescales=True,
    ),
    "sora": Method("SoRA, gates under an L1 penalty", lambda budget, _: Sora(budget)),
    "adalora": Method("AdaLoRA, singular values pruned", lambda budget, _: AdaLora(budget)),
    "salora": Method("SaLoRA, hard-concrete gates", lambda budget, _: SaLora(budget)),
    "alora": Method("ALoRA, ranks moved by ablation", lambda budget, _: ALora(budget), rescales=True),
    "flop": Method(
        "FLOP, base weights factorised",
        lambda budget, _: Flop(budget),
        adapter=False,
        rate=_BASE_WEIGHTS,
        check=check_linears,
    ),
    "spectral": Method(
        "ranks from the gradient's spectrum", lambda budget, _: Spectral(budget), rescales=True
    ),
    "spectral-aligned": Method(
        "the same, A along the gradient",
        lambda budget, _: Spectral(budget, initial="aligned"),
        rescales=True,
    ),
}


def find_method(spec: str) -> tuple[Method, dict[str, str]]:
    """The method that a spec names, and the settings in its brackets, as typed."""
    method, inside = parts_of_spec(spec)
    row = row_named("methods", method, METHODS)
    settings: dict[str, str] = {}
    for part in split_specs(inside):
        name, found, value = part.partition("=")
        if not found:
            raise UsageError(f"{part!r} in {spec!r} has no value; write {method}[name=value,...].")
        if name.strip() in settings:
            raise UsageError(f"{name.strip()!r} stands twice in {spec!r}; give it once.")
        settings[name.strip()] = value.strip()
    return row, settings


def parts_of_spec(spec: str) -> tuple[str, str]:
    """The name of a method, of PEFT's too, and what stands in its brackets; all of it is the name where it is
    not of that shape.

    >>> parts_of_spec("hetero-dynamic[proxy=snip,frequency=2]")
    ('hetero-dynamic', 'proxy=snip,frequency=2')
    """
    match = re.fullmatch(r"([\w-]+)(?:\[(.*)\])?", spec)
    return (match[1], match[2] or "") if match else (spec, "")


def check_spec(spec: str) -> None:
    """Raises UsageError where ``policy_of`` does so with any budget and model, before one is loaded."""
    policy_of(spec, 1, None)


def policy_of(
    spec: str, max_params: int, model: PreTrainedModel | None, *, usual: Mapping[str, object] | None = None
) -> GatePolicy:
    """The policy of a spec; raises UsageError on settings that it has not, or values that they cannot be.

    model: None where nothing is to be trained. usual: values of settings, for methods that have them, where
    the spec says nothing.
    """
    method, settings = find_method(spec)
    policy: Any = method.build(max_params, model)
    hints = get_type_hints(type(policy))
    own = [field.name for field in fields(policy) if field.name not in ("max_params", "model_shapes")]
    for name in settings:
        if name not in own:
            raise UsageError(f"{name!r} is no setting of {spec!r}; it has {', '.join(own) or 'none'}.")
    typed = {name: _typed(spec, name, text, hints[name]) for name, text in settings.items()}
    heeded = {name: value for name, value in (usual or {}).items() if name in own}
    changed: GatePolicy = replace(policy, **{**heeded, **typed})
    return changed


def split_specs(text: str) -> list[str]:
    """The parts between commas that stand in no bracket, stripped, empty ones left out."""
    return [part.strip() for part in re.split(r",(?![^\[]*\])", text) if part.strip()]


def _typed(spec: str, name: str, text: str, hint: Any) -> object:
    """``text`` as the type of a field."""
    options = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    if type(None) in options and text == "none":
        return None
    for option in options:
        if get_origin(option) is Literal and text in get_args(option):
            return text
        if option is str:
            return text
        if option in (int, float):
            with suppress(ValueError):
                if len(text) <= _DIGITS and abs(number := option(text)) <= _LARGEST:  # nor NaN
                    return number
    allowed = " or ".join(
        ", ".join(map(str, get_args(one))) if get_origin(one) is Literal else one.__name__ for one in options
    )
    raise UsageError(
        f"{name}={text!r} in {spec!r} cannot be used; give {allowed.replace('NoneType', 'none')}, numbers of "
        f"at most {_LARGEST:,}."
    )
