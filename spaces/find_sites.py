"""The sites that a space names in one model; shapes are enough, so meta-device models will do."""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final
from weakref import WeakSet

from torch import nn
from transformers import PreTrainedModel

from .counted import counted
from .errors import UsageError
from .families import FAMILIES, Family, Linear, find_family
from .grammar import SHORTCUT_ROLES, Term, parse_space
from .role_names import role_by_leaf, role_by_path
from .site import Kind, Site, Tap

__all__ = ["find_sites", "sites_by_leaf_name"]

_BLOCK_INPUT: Final = Tap("", "in")
_ELSEWHERE: Final = (
    "its blocks are not where a model of this type has them, so that they have no known stream"
)
_log = logging.getLogger(__name__)
_told: Final[WeakSet[PreTrainedModel]] = WeakSet()  # of which linears are outside of what is searched


def find_sites(model: PreTrainedModel, space: str) -> tuple[Site, ...]:
    """Sites of ``space`` (see ``grammar``) in the model, block by block.

    The log says once of a model how many linears of numbered blocks are not where its blocks are looked for.
    Raises UsageError on a role that the model does not have, on shortcuts in a model whose family is
    not in the table, and where a span leaves no site.
    """
    family = find_family(model.config)
    blocks = _blocks(model, family) if family else []
    if family and not blocks:
        family = replace(family, shortcuts=(), lacks=_ELSEWHERE)
    sites: dict[str, Site] = {}
    for term in parse_space(space):
        if family and (blocks or term.kind != "lora"):
            found = list(_family_sites(model, family, blocks, term))
        elif term.kind == "lora":
            found = list(_sites_by_path(model, term))
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
        sites.update((site.name, site) for site in found)
    if not sites:
        why = f": {family.lacks}" if family and family.lacks else ""
        raise UsageError(f"`space={space!r}` has no site in this {model.config.model_type} model{why}.")
    _tell_of_others(model, [name for name, _ in blocks])
    return tuple(sorted(sites.values(), key=lambda site: site.layer))


def _tell_of_others(model: PreTrainedModel, blocks: Sequence[str]) -> None:
    """Logs how many linears of numbered blocks are outside of these, or of the base model where none are."""
    if model in _told:
        return
    _told.add(model)
    base = "" if model.base_model is model else f"{model.base_model_prefix}."
    searched = tuple(f"{name}." for name in blocks) or base
    others = [
        name
        for name, module in model.named_modules()
        if re.search(r"(^|\.)[0-9]+\.", name) and _is_linear(module) and not name.startswith(searched)
    ]
    if others:
        where = blocks[0].rpartition(".")[0] if blocks else model.base_model_prefix
        number, example = counted(len(others), "linear"), others[0]
        _log.warning("%s of blocks outside of %s can have no wires, such as %s", number, where, example)


def _family_sites(
    model: PreTrainedModel, family: Family, blocks: Sequence[tuple[str, nn.Module]], term: Term
) -> Iterator[Site]:
    if term.kind == "lora":
        inside = [dict(block.named_modules()) for _, block in blocks]
        known = [role for role, one in family.linears.items() if any(one.module in names for names in inside)]
        for role in _checked_roles(term, known, family.lacks):
            linear = family.linears[role]
            for layer, (name, _) in enumerate(blocks):
                if linear.module in inside[layer]:
                    yield _lora_site(model, name, layer, role, linear)
        return
    known = [role for role in SHORTCUT_ROLES[term.kind] if role in family.shortcuts]
    sites = [
        site
        for role in _checked_roles(term, known, family.lacks)
        for span in term.spans
        for layer in range(len(blocks))
        if (site := _shortcut(model, family, [name for name, _ in blocks], layer, role, span))
    ]
    if known and not sites:
        raise UsageError(
            f"`space={term}` has no site in this model, which is too shallow for it; use a smaller span or "
            "other roles."
        )
    yield from sites


def _blocks(model: PreTrainedModel, family: Family) -> list[tuple[str, nn.Module]]:
    """The blocks with their full names, in order."""
    base = model.base_model
    inside = "" if base is model else f"{model.base_model_prefix}."
    pattern = re.compile(family.blocks.replace(".", r"\.").replace("*", "[0-9]+") + r"\.[0-9]+")
    return [(inside + name, block) for name, block in base.named_modules() if pattern.fullmatch(name)]


def _checked_roles(
    term: Term, known: Collection[str], lacks: str = "", *, also: Collection[str] = ()
) -> tuple[str, ...]:
    """The roles that a term names, all that are known where it names none. also: understood, but not told."""
    roles = tuple(known) if term.roles is None else term.roles
    if unknown := [role for role in roles if role not in known and role not in also]:
        why = f": {lacks}" if lacks else f"; name those, or {term.kind}[all]"
        raise UsageError(f"{unknown} are not {term.kind} roles of this model, which has {list(known)}{why}.")
    return roles


def _lora_site(model: PreTrainedModel, block: str, layer: int, role: str, linear: Linear) -> Site:
    module = f"{block}.{linear.module}"
    d_in, d_out = _shape(model.get_submodule(module))
    part = None
    if linear.fused:
        fused = linear.fused(model.config)
        part = fused.part(linear.index, width=d_out)
        d_out = (part.stop - part.start) * fused.repeats
    source, target = (
        Tap(module, "in", first_call=linear.first_call),
        Tap(module, "out", part, linear.first_call),
    )
    return Site(f"layers.{layer}.{role}", layer, role, "lora", d_in, d_out, source, target)


def _shape(linear: nn.Module) -> tuple[int, int]:
    """(d_in, d_out) of nn.Linear, quantized linears (which pack their weight) and GPT-2's Conv1D."""
    if isinstance(getattr(linear, "in_features", None), int):
        return int(linear.in_features), int(linear.out_features)  # type: ignore[arg-type]
    return int(linear.nx), int(linear.nf)  # type: ignore[arg-type]


def _shortcut(
    model: PreTrainedModel, family: Family, blocks: Sequence[str], layer: int, role: str, span: int
) -> Site | None:
    """A shortcut by DESIGN section 1's table; None where its source would lie before block 0."""
    source, target, back, norm = {
        "res1": (_BLOCK_INPUT, family.attention_sum, 0, None),
        "res2": (family.attention_state, family.ffn_sum, 0, None),
        "cut": (family.attention_state, family.attention_sum, span, 0),
        "in": (_BLOCK_INPUT, family.ffn_sum, span - 1, 1),
    }[role]
    if layer < back:
        return None
    assert source is not None
    assert target is not None, "a family has the taps of its shortcuts"
    kind: Kind = "residual" if norm is None else "cross"
    hidden = int(model.config.get_text_config().hidden_size)
    return Site(
        f"layers.{layer}.{role}" + (str(span) if kind == "cross" and span > 1 else ""),
        layer,
        role,
        kind,
        hidden,
        hidden,
        replace(source, module=_within(blocks[layer - back], source.module)),
        replace(target, module=_within(blocks[layer], target.module)),
        None if norm is None or family.norms is None else _within(blocks[layer], family.norms[norm]),
        float(getattr(model.config, family.gain)) if family.gain and target == family.attention_sum else 1.0,
    )


def _within(block: str, module: str) -> str:
    return f"{block}.{module}" if module else block


def sites_by_leaf_name(model: PreTrainedModel) -> tuple[Site, ...]:
    """Every linear in a numbered block as a ``lora`` site, its role told by the module's own name.

    So earlier versions named the sites of a family that the table did not know. ``find_sites`` gives none of
    these names to another linear, so that what was saved with them can still be loaded.
    """
    seen: dict[tuple[int, str], int] = {}
    sites = []
    for name, module in model.base_model.named_modules():
        number = re.search(r"\.(\d+)\.", f".{name}.")
        if not number or not _is_linear(module):
            continue
        layer, role = int(number[1]), role_by_leaf(name)
        full = name if model.base_model is model else f"{model.base_model_prefix}.{name}"
        count = seen[layer, role] = seen.get((layer, role), 0) + 1  # an encoder-decoder has two such blocks
        d_in, d_out = _shape(module)
        taps = Tap(full, "in"), Tap(full, "out")
        sites.append(Site(_counted_name(layer, role, count), layer, role, "lora", d_in, d_out, *taps))
    return tuple(sites)


def _sites_by_path(model: PreTrainedModel, term: Term) -> Iterator[Site]:
    """The sites of a term's roles, role by role, told by the full names of the linears.

    A role of ``sites_by_leaf_name`` that none has by its full name is understood too: ``dense`` is all of
    o, fc1 and fc2 that are called so.
    """
    earlier = sites_by_leaf_name(model)
    taken = {site.name for site in earlier}
    by_role: dict[str, list[Site]] = {}
    by_leaf: dict[str, list[Site]] = {}
    for site in earlier:
        role, own = role_by_path(site.target.module), site
        if role != site.role:
            names = (_counted_name(site.layer, role, count) for count in itertools.count(1))
            own = replace(site, name=next(name for name in names if name not in taken), role=role)
            taken.add(own.name)
        by_role.setdefault(role, []).append(own)
        by_leaf.setdefault(site.role, []).append(own)
    for role in _checked_roles(term, by_role, also=by_leaf):
        yield from by_role.get(role) or by_leaf[role]


def _counted_name(layer: int, role: str, count: int) -> str:
    return f"layers.{layer}.{role}" + (f".{count}" if count > 1 else "")


def _is_linear(module: nn.Module) -> bool:
    return (
        isinstance(module, nn.Linear)
        or type(module).__name__ == "Conv1D"
        or (
            isinstance(getattr(module, "in_features", None), int)
            and isinstance(getattr(module, "out_features", None), int)
        )
    )
