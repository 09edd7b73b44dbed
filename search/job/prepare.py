"""A job made of settings; and what was chosen for it, told."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from evaluators.training.candidate import Recipe
from evaluators.training.padding_share import evaluation_padding, training_padding
from evaluators.training.sparing import Sparing
from spaces.budget import parse_budget
from spaces.counted import counted
from spaces.errors import UsageError
from spaces.find_sites import find_sites
from spaces.meta_model import base_params
from spaces.recompute import check_recomputable
from spaces.scaling import Rule, Scaling
from spaces.search_space import SearchSpace, parse_ranks, rank_grid
from spaces.site import Site

from .ground import Ground
from .job import Job
from .settings import ScoringSettings, SpaceSettings, TrainingSettings
from .usual_rule import usual_rule

__all__ = ["announce", "prepare", "recipe_of", "space_of"]

_log = logging.getLogger(__name__)


def prepare(
    ground: Ground, space: SpaceSettings, training: TrainingSettings, scoring: ScoringSettings
) -> Job:
    """A job over a model and a task; raises UsageError or InputError on what cannot be used with them.

    The log says what PEFT will not load of what is going to be trained; once, however many jobs there are.

    Args:
        ground: the model and the task.
        space: sites, budget, ranks and scale of the wires.
        training: of every candidate; without a learning rate, the task's usual one.
        scoring: what proxies look at.
    """
    budget = parse_budget(space.budget)
    if training.gradient_checkpointing:
        check_recomputable(ground.model)
    sites = ground.usable(find_sites(ground.model, space.space), space.renorm)
    max_params = budget.max_params(sites, base_params=base_params(ground.model))
    grid = space_of(sites, space.ranks, max_params)
    rule = space.scaling or usual_rule(max_params, grid.params_per_rank)
    ground.tell_beyond_peft(sites)
    return Job(
        ground,
        space.space,
        grid,
        min(max_params, grid.most_params),
        recipe_of(space, training, rule),
        training.lr or ground.inputs.learning_rate,
        tuple(training.all_seeds),
        scoring,
        Sparing(training.gradient_checkpointing, training.micro_batch_size),
    )


def recipe_of(space: SpaceSettings, training: TrainingSettings, rule: Rule) -> Recipe:
    """How every candidate of these settings is trained. rule: theirs, or the usual one of what is trained."""
    return Recipe(
        epochs=training.epochs,
        batch_size=training.batch_size,
        weight_decay=training.weight_decay,
        warmup=training.warmup,
        max_grad_norm=training.max_grad_norm,
        scaling=Scaling(rule, space.lora_alpha, space.shortcut_alpha),
        renorm=space.renorm,
    )


def space_of(sites: Sequence[Site], ranks: str | None, max_params: int) -> SearchSpace:
    """The sites at the ranks given, by default those that fit a budget of ``max_params`` parameters.

    Raises UsageError where given ranks cannot spend the budget.
    """
    space = SearchSpace(tuple(sites), parse_ranks(ranks) if ranks else rank_grid(sites, max_params))
    if ranks and space.most_params < max_params:
        raise UsageError(
            f"`ranks={ranks}` can spend at most {space.most_params:,} of a budget of "
            f"{counted(max_params, 'parameter')}; add higher ranks, or lower `budget`."
        )
    return space


def announce(job: Job, folder: Path, *, rates: Sequence[float] = (), scalings: Sequence[str] = ()) -> None:
    """Logs what was chosen, defaults and all.

    folder: where results go. rates, scalings: what is tried, where that is not the job's own alone.
    """
    task, space, recipe = job.task, job.space, job.recipe
    rows = [len(part) for part in (task.train, task.validation, task.test)]
    ranks = ",".join(map(str, space.ranks))
    _log.info("model    %s on %s", job.model_title, ", ".join(job.machine.devices))
    _log.info("task     %s, %s", task.name, task.objective.metric_title)
    _log.info("rows     %d to train, %d to select by, %d to report on", *rows)
    if names := task.objective.label_names:
        _log.info("labels   %s", ", ".join(names))
    _log.info("space    %s: %s at ranks %s", job.title, counted(len(space.sites), "site"), ranks)
    budget = counted(job.max_params, "parameter")
    _log.info(f"budget   {budget}, {space.params_per_rank:,} per rank at every site")
    _log.info(
        f"training {counted(recipe.epochs, 'epoch')}, batch {recipe.batch_size}, "
        f"lr {' or '.join(f'{rate:g}' for rate in rates or (job.learning_rate,))}, "
        f"scaling {' or '.join(scalings or (recipe.scaling.rule,))}, renorm {recipe.renorm}"
    )
    _log.info("padding  %s", _padding(job))
    _log.info("output   %s", folder)


def _padding(job: Job) -> str:
    """How much of what is computed on is none of the rows' tokens, in a first epoch and in judging."""
    cohort, task, recipe = job.machine.cohort_size, job.task, job.recipe
    train, judged = (np.array([len(ids) for ids in rows.input_ids]) for rows in (task.train, task.validation))
    in_training = training_padding(train, recipe.batch_size, seeds=range(cohort))
    in_judging = evaluation_padding(judged, recipe.rows_judged_at_once(cohort))
    trained = f"{in_training:.1%} of the tokens of {counted(cohort, 'candidate')} that train together"
    return f"{trained}, {in_judging:.1%} in judging"
