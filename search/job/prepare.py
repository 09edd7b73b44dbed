"""Everything that a search settles before its first expensive step."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluators.executors.spread import Workload, base_model_on
from evaluators.training.candidate import Recipe
from proxies.registry import find_proxy
from search.cli.options import Options
from spaces.budget import parse_budget
from spaces.counted import counted
from spaces.errors import UsageError
from spaces.find_sites import find_sites
from spaces.meta_model import base_params
from spaces.scaling import Scaling
from spaces.search_space import SearchSpace, parse_ranks, rank_grid
from spaces.site import Site

from .fit_to_model import readable_inputs, usable_sites
from .inputs import Inputs, resolve_devices

__all__ = ["Search", "announce", "prepare", "space_of"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """What is settled before the first expensive step."""

    options: Options
    inputs: Inputs
    space: SearchSpace
    max_params: int
    recipe: Recipe
    devices: tuple[str, ...]

    @property
    def learning_rate(self) -> float:
        return self.options.lr or self.inputs.learning_rate

    @property
    def workload(self) -> Workload:
        return Workload(self.inputs.source, self.inputs.task, self.space.sites, self.recipe)


def prepare(options: Options, inputs: Inputs) -> Search:
    """Checks everything, and loads the model; raises UsageError or InputError on what cannot be used."""
    budget = parse_budget(options.budget)
    for name in options.proxy or ():
        find_proxy(name)
    scaling = Scaling(options.scaling, options.lora_alpha, options.shortcut_alpha)
    recipe = Recipe(
        epochs=options.epochs,
        batch_size=options.batch_size,
        weight_decay=options.weight_decay,
        warmup=options.warmup,
        max_grad_norm=options.max_grad_norm,
        scaling=scaling,
        renorm="paper" if options.renorm == "paper" else "preserve",
    )
    devices = resolve_devices(options.device, options.devices)
    inputs = readable_inputs(inputs, devices[0])
    model = base_model_on(inputs.source, devices[0])
    sites = usable_sites(inputs, devices[0], find_sites(model, options.space), recipe.renorm)
    max_params = budget.max_params(sites, base_params=base_params(model))
    space = space_of(sites, options.ranks, max_params)
    return Search(options, inputs, space, min(max_params, space.most_params), recipe, devices)


def space_of(sites: Sequence[Site], ranks: str | None, max_params: int) -> SearchSpace:
    """The sites at the ranks typed, by default those that fit a budget of ``max_params`` parameters.

    Raises UsageError where typed ranks cannot spend the budget.
    """
    space = SearchSpace(tuple(sites), parse_ranks(ranks) if ranks else rank_grid(sites, max_params))
    if ranks and space.most_params < max_params:
        raise UsageError(
            f"ranks={ranks} can spend at most {space.most_params:,} of a budget of "
            f"{counted(max_params, 'parameter')}; add "
            "higher ranks, or lower --budget."
        )
    return space


def announce(search: Search, folder: Path) -> None:
    """Logs what was chosen, defaults and all."""
    options, task, space = search.options, search.inputs.task, search.space
    rows = [len(part) for part in (task.train, task.validation, task.test)]
    ranks = ",".join(map(str, space.ranks))
    _log.info("model    %s on %s", search.inputs.base, ", ".join(search.devices))
    _log.info("task     %s, %s", task.name, task.objective.metric_title)
    _log.info("rows     %d to train, %d to select by, %d to report on", *rows)
    if names := task.objective.label_names:
        _log.info("labels   %s", ", ".join(names))
    _log.info("space    %s: %s at ranks %s", options.space, counted(len(space.sites), "site"), ranks)
    budget = counted(search.max_params, "parameter")
    _log.info(f"budget   {budget}, {space.params_per_rank:,} per rank at every site")
    _log.info(
        f"training {counted(options.epochs, 'epoch')}, batch {options.batch_size}, "
        f"lr {search.learning_rate:g}, scaling {options.scaling}, renorm {options.renorm}"
    )
    _log.info("output   %s", folder)
