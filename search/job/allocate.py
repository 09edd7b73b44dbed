"""From a model and a DataLoader to PEFT's ``LoraConfig``, in one pass and without training."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from peft import LoraConfig, TaskType
from transformers import PreTrainedModel

from evaluators.adapters.adaptable import adaptable
from evaluators.adapters.lora_config import lora_config, task_type_of
from evaluators.adapters.peft_params import peft_params
from evaluators.adapters.peft_sites import peft_sites
from evaluators.objectives.of_model import objective_of
from proxies.measure.evidence import Evidence
from proxies.measure.reached import reached_sites
from proxies.proxy import needs_of
from proxies.registry import find_proxy, score_sites
from search.allocation.registry import find_allocator
from search.allocation.spend import spend
from spaces.budget import parse_budget
from spaces.counted import counted
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.head import own_head_kept
from spaces.memory_size import memory_given
from spaces.meta_model import base_params
from spaces.objective import Batch, Objective
from spaces.scaling import Scaling
from spaces.search_space import SearchSpace, parse_ranks, rank_grid
from spaces.untouched import untouched

from .option import check_whole
from .own_batches import own_batches, with_targets
from .own_model import check_own_model
from .progress import Progress, silent
from .right_type import check_type
from .settings import SCORING_BATCHES, SEEDS
from .usual_rule import USUAL_RULE, usual_rule

__all__ = ["Allocated", "allocate", "allocated"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Allocated:
    """An allocation for PEFT, and its budget as the rank that every site it was spread over could have.

    mean_rank: a fraction, since the budget may not divide.
    """

    config: LoraConfig
    mean_rank: float


def allocate(
    model: PreTrainedModel,
    dataloader: Iterable[Mapping[str, Any]],
    *,
    budget: str | int,
    space: str = "lora[all]",
    proxy: str = "zico",
    allocator: str = "greedy",
    ranks: str | Sequence[int] | None = None,
    scaling: str | None = None,
    lora_alpha: float = 16.0,
    batches: int = 32,
    scoring_memory: str | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> LoraConfig:
    """The ``peft.LoraConfig`` of the ranks that a proxy gives to the linears of a model, within a budget.

    A few batches go forward and backward through the model in eval mode: as many as it takes to see which
    linears the loss reaches, then all of them to score those. Nothing is trained, and the model comes back as
    it was. ``get_peft_model(model, config)`` then has exactly the parameters that were
    allocated, never more than the budget; a classifier's head, all of which trains too, is counted apart.
    Besides the model and one forward and backward it needs, with the default proxy, for each linear
    scored its A and three times its B, at the grid's highest rank.

    >>> from transformers import AutoModelForCausalLM, LlamaConfig
    >>> import torch
    >>> sizes = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2)
    >>> model = AutoModelForCausalLM.from_config(LlamaConfig(vocab_size=50, **sizes))
    >>> rows = torch.arange(36).reshape(3, 2, 6)
    >>> loader = [{"input_ids": tokens, "labels": tokens} for tokens in rows]
    >>> config = allocate(model, loader, budget="r=2")
    >>> max([config.r, *config.rank_pattern.values()]) <= 8
    True

    Then ``SFTTrainer(model, peft_config=config, ...)``, or ``get_peft_model(model, config)``.

    Args:
        model: any model of transformers, on its device, in any dtype and mode; its loss is the one that its
            class has (``objective_of``).
        dataloader: an iterable of mappings of tensors with ``labels``, as Trainer's collators give them, -100
            where a token is no target.
        budget: parameters of the adapters: 500_000, "2.3M", "0.5%" of the model's, or "r=8" for what every
            site at rank 8 would cost.
        space: the linears: "lora[all]", or those of some roles, "lora[q,v]". Projections that are fused into
            one linear are one site, as PEFT adapts it.
        proxy: what scores a site, by its name in ``proxies.registry``. The default's picks are close to
            uniform; of no proxy is it shown that it ranks allocations rightly everywhere
            (``results/proxies``). DeBERTa-v2's q and k are scored by what they do to tokens; PEFT adapts
            their projection of positions too.
        allocator: what spends the budget by these scores: greedy, exact, topk, uniform or random.
        ranks: the grid, 0 among them, (0, 4, 8) or "0,4,8"; by default 0 and powers of two around the
            uniform rank.
        scaling: what a wire is multiplied by: "alpha/r", "alpha/sqrt(r)", or "constant", alpha / 8 at every
            rank, which servers that read one ``lora_alpha / r`` for all modules compute as well. By default
            alpha/r; constant where the budget is less than one rank at every site (``results/rules``).
        lora_alpha: the alpha of that rule.
        batches: so many are read at most.
        scoring_memory: kept of the linears' gradients at a time, "2GB" or "10%" of the model; by default 200
            MB where that holds them all, else a tenth of the model. What is worked with, a few copies of the
            largest linear's gradient, comes besides. A proxy for which it is too little sketches, or goes
            over the batches several times; the default one never forms a gradient.
        seed: of the A that adapters are thought to start with, and of ties.
        progress: is told how far scoring is.

    Raises UsageError on an argument that cannot be, InputError on a model or batches that cannot be scored.
    """
    return allocated(
        model,
        dataloader,
        budget=budget,
        space=space,
        proxy=proxy,
        allocator=allocator,
        ranks=ranks,
        scaling=scaling,
        lora_alpha=lora_alpha,
        batches=batches,
        scoring_memory=scoring_memory,
        seed=seed,
        progress=progress,
    ).config


def allocated(
    model: PreTrainedModel,
    dataloader: Iterable[Mapping[str, Any]],
    *,
    budget: str | int,
    space: str,
    proxy: str,
    allocator: str,
    ranks: str | Sequence[int] | None,
    scaling: str | None,
    lora_alpha: float,
    batches: int,
    scoring_memory: str | None,
    seed: int,
    progress: Progress,
) -> Allocated:
    """What ``allocate`` gives, with the mean rank of the sites that are left of the space; as it is told."""
    check_whole("batches", batches, SCORING_BATCHES)
    check_whole("seed", seed, SEEDS)
    for name, text in {"space": space, "proxy": proxy, "allocator": allocator}.items():
        check_type(name, text, str)
    check_type("scaling", scaling, str | None)
    check_type("lora_alpha", lora_alpha, float)
    check_type("scoring_memory", scoring_memory, str | None)
    wanted, asked = parse_budget(budget), find_proxy(proxy)
    chosen = None if ranks is None else parse_ranks(ranks)
    find_allocator(allocator)
    factor = Scaling(scaling or USUAL_RULE, lora_alpha)
    memory = memory_given(scoring_memory)
    check_own_model(model)
    with untouched(model), own_head_kept(model):
        objective, rows = _learned(model, own_batches(model, dataloader, count=batches))
        sites = adaptable(model, peft_sites(model, find_sites(model, space)))
        sites = reached_sites(model, sites, rows, objective)
        max_params = wanted.max_params(sites, base_params=base_params(model))
        grid = SearchSpace(sites, chosen or rank_grid(sites, max_params))
        factor = replace(factor, rule=scaling or usual_rule(max_params, grid.params_per_rank))
        with progress("scoring", len(rows), "batch", units="batches") as advance:
            evidence = Evidence(
                model,
                objective,
                rows,
                grid,
                seed=seed,
                scaling=factor,
                needs=needs_of([asked]),
                memory=memory,
                on_batch=lambda: advance(1),
            )
            (scores,) = score_sites([asked], evidence)
        allocation = spend(scores, allocator, max_params=max_params, seed=seed)
        config = lora_config(model, sites, allocation, factor, task_type=_task_of(model))
        _check_params(model, config, params := grid.params(allocation))
    words = "%s at %d of %s, for a budget of %s"
    sites_on = counted(len(sites), "site")
    _log.info(words, counted(params, "parameter"), len(allocation.ranks), sites_on, f"{max_params:,}")
    return Allocated(config, max_params / grid.params_per_rank)


def _learned(model: PreTrainedModel, rows: Sequence[Batch]) -> tuple[Objective, tuple[Batch, ...]]:
    """What the model learns of such rows, and those of them that it can learn from."""
    objective = objective_of(model, rows[0].labels)
    return objective, with_targets(rows, objective)


def _task_of(model: PreTrainedModel) -> TaskType | None:
    """PEFT's task type; the log warns where it has none, so that a new head would stay random and frozen."""
    task = task_type_of(model)
    if task is None:
        parts = [name for name, part in model.named_children() if part is not model.base_model]
        words = (
            "PEFT has no task type for a %s, so that beside the adapters nothing trains: a head that is new "
            "would stay as it was drawn; set the config's modules_to_save to it, out of %s"
        )
        _log.warning(words, type(model).__name__, ", ".join(parts))
    return task


def _check_params(model: PreTrainedModel, config: LoraConfig, params: int) -> None:
    """Raises InputError where PEFT's adapters are not those that were counted."""
    if (made := sum(peft_params(model, config).values())) != params:
        raise InputError(
            f"PEFT, asked about this {type(model).__name__}, gives it {counted(made, 'parameter')} where "
            f"{counted(params, 'parameter')} were allocated; name other roles in `space`."
        )
