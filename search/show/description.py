"""A model's sites and their cost, from its config.json alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spaces.budget import parse_budget
from spaces.counted import counted
from spaces.grammar import parse_space
from spaces.search_space import SearchSpace, params_per_rank, rank_grid
from spaces.site import Site

from .aligned_text import aligned, wrapped

__all__ = ["Description", "describe"]


@dataclass(frozen=True, slots=True)
class Description:
    """The sites of a space in one model, and their cost.

    base_params: parameters of the language model where the model's files are one, else of the body, without
    a head.
    rank, budget: as asked, None where it was not.
    parts: the model's, where it has several, some of which a task may never reach: text, vision.
    lacks: why blocks of this family have not all the roles that others have; "" where they have.
    params: of every site at ``rank``, or the most that ``budget`` allows; None without either.
    ranks: as asked, or the grid that follows from the budget, or 0 and ``rank``; None without any.
    """

    model: str
    model_type: str
    base_params: int
    space: str
    sites: tuple[Site, ...]
    rank: int | None
    budget: str | None
    params: int | None
    ranks: tuple[int, ...] | None
    parts: tuple[str, ...] = ()
    language_model: bool = False
    lacks: str = ""

    def to_json(self) -> dict[str, object]:
        """The fields of this class and ``params_per_rank``, the sum over the sites, as JSON has them."""
        sites = [
            {
                "name": site.name,
                "kind": site.kind,
                "role": site.role,
                "layer": site.layer,
                "d_in": site.d_in,
                "d_out": site.d_out,
                "params_per_rank": site.cost_per_rank,
            }
            for site in self.sites
        ]
        return {
            "model": self.model,
            "model_type": self.model_type,
            "language_model": self.language_model,
            "base_params": self.base_params,
            "space": self.space,
            "rank": self.rank,
            "budget": self.budget,
            "ranks": self.ranks,
            "params_per_rank": params_per_rank(self.sites),
            "params": self.params,
            "parts": self.parts,
            "lacks": self.lacks,
            "sites": sites,
        }

    def to_text(self) -> str:
        """A table with one line for the sites of equal role and shape, and the totals."""
        per_rank = params_per_rank(self.sites)
        base = counted(self.base_params, "parameter") + ("" if self.language_model else " without a head")
        total = ("total", "", "", f"{len(self.sites)}", "", "", f"{per_rank:,}")
        head = [f"{self.model}: {self.model_type}, {base}"]
        head += [f"{self.space}: {counted(len(self.sites), 'site')}"]
        share = f"{(self.params or 0) / self.base_params:.2%} of the model"
        trained = counted(self.params or 0, "trainable parameter")
        below = []
        if self.rank is not None:
            below += [f"every site at rank {self.rank}: {trained}, {share}"]
        elif self.params is not None:
            uniform = self.params / per_rank
            below += [f"budget {self.budget}: at most {trained}, {share},"]
            below += [f"as many as every site at rank {uniform:.4g} would have"]
        if self.ranks is not None and self.rank is None:
            below += [f"ranks: {', '.join(map(str, self.ranks))}"]
        if self.parts:
            parts = ", ".join(self.parts)
            below += [
                f"the model has several parts ({parts}): a run leaves out the sites that its task does not "
                "reach, and names them in its log"
            ]
        if self.lacks:
            below += [f"fewer roles than others have: {self.lacks}"]
        above, below = ([line for part in parts for line in wrapped(part)] for parts in (head, below))
        table = aligned([*_rows(self.sites), total], words=(1, 2), right=(3, 4, 5, 6))
        return "\n".join([*above, "", *table, *([""] if below else []), *below])


def describe(
    model: str,
    space: str,
    *,
    rank: int | None = None,
    budget: str | None = None,
    ranks: tuple[int, ...] | None = None,
) -> Description:
    """The description of a space in the model of a folder or hub name, at a rank or a budget.

    Raises UsageError on a space, rank or budget that cannot be, and InputError on a model without a
    usable config.json.
    """
    parse_space(space)  # complains before PyTorch is imported, which takes seconds
    wanted = None if budget is None else parse_budget(budget)

    from spaces.families import find_family
    from spaces.find_sites import find_sites
    from spaces.meta_model import base_params, meta_model

    shapes = meta_model(model)
    sites = find_sites(shapes, space)
    whole = base_params(shapes)
    params = None
    if wanted is not None:
        params = wanted.max_params(sites, base_params=whole)
        ranks = ranks or rank_grid(sites, params)
    elif rank is not None:
        params = rank * params_per_rank(sites)
        ranks = ranks or (0, rank)
    if ranks is not None:
        SearchSpace(sites, ranks)  # complains about ranks that these sites cannot have
    config = shapes.config
    parts = tuple(name for name in config.sub_configs if getattr(config, name, None) is not None)
    return Description(
        model,
        str(config.model_type),
        whole,
        space,
        sites,
        rank,
        budget,
        params,
        ranks,
        parts if parts[1:] else (),
        shapes.get_output_embeddings() is not None,
        family.lacks if (family := find_family(config)) else "",
    )


def _rows(sites: Sequence[Site]) -> list[tuple[str, ...]]:
    groups: dict[tuple[str, str, int, int], list[Site]] = {}
    for site in sites:
        role = site.name_in_block
        groups.setdefault((site.kind, role, site.d_in, site.d_out), []).append(site)
    rows: list[tuple[str, ...]] = [
        ("kind", "role", "layers", "sites", "d_in", "d_out", "parameters per rank")
    ]
    for (kind, role, d_in, d_out), group in groups.items():
        layers, cost = _ranges([site.layer for site in group]), f"{params_per_rank(group):,}"
        rows.append((kind, role, layers, f"{len(group)}", f"{d_in}", f"{d_out}", cost))
    return rows


def _ranges(layers: Sequence[int]) -> str:
    """``0-3, 5`` for 0, 1, 2, 3, 5 (ascending)."""
    runs: list[list[int]] = []
    for layer in layers:
        if runs and layer == runs[-1][1] + 1:
            runs[-1][1] = layer
        else:
            runs.append([layer, layer])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
