"""Which of PEFT's methods we compare with, each as large as a budget allows."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from peft import (
    AdaLoraConfig,
    EvaConfig,
    IA3Config,
    LoraConfig,
    OFTConfig,
    PeftConfig,
    PeftModel,
    PrefixTuningConfig,
)
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from evaluators.data.task import Task
from evaluators.training.candidate import Recipe
from evaluators.training.with_adapter import adapter_params, with_adapter
from spaces.counted import counted
from spaces.errors import InputError
from spaces.foreign import foreign
from spaces.search_space import params_per_rank
from spaces.site import Site

__all__ = ["REFEREES", "PeftCase", "rule_of"]

_C = TypeVar("_C", bound=PeftConfig)
_RESERVED: Final = 2  # positions that RoBERTa leaves empty before a text's first


@dataclass(frozen=True, slots=True, eq=False)
class PeftCase:
    """What a referee is fitted to. max_params: without the head. sites: only those that are ``lora`` count.

    PEFT adapts whole linears: one that fuses q, k and v wherever a site is one of them.
    Raises InputError where there is no ``lora`` site.
    """

    model: PreTrainedModel
    sites: Sequence[Site]
    max_params: int
    task: Task
    recipe: Recipe

    def __post_init__(self) -> None:
        if not self.linear_sites:
            raise InputError("PEFT has no shortcuts, and this space has no lora site; add lora to `space`.")

    @property
    def linear_sites(self) -> list[Site]:
        """Those that PEFT can adapt."""
        return [site for site in self.sites if site.kind == "lora"]

    @property
    def targets(self) -> list[str]:
        """Full names of the linears that the sites name."""
        return sorted({site.target.module for site in self.linear_sites})

    @property
    def transposed(self) -> bool:
        """Whether the linears are GPT-2's Conv1D."""
        return any(isinstance(self.model.get_submodule(name), Conv1D) for name in self.targets)

    @property
    def ranks(self) -> range:
        """Ranks that may fit, the largest first."""
        largest = min(site.max_rank for site in self.linear_sites)
        return range(min(largest, self.max_params // params_per_rank(self.linear_sites)), 0, -1)

    def tuned(self, config: PeftConfig) -> PeftModel:
        """A copy of the model with what a config describes; raises InputError where PEFT refuses it."""
        with foreign(
            "PEFT cannot adapt this model so", "name other roles in `space`, or leave the method out."
        ):
            return with_adapter(config, self.model, self.task.objective)

    def alpha(self, rank: int) -> float:
        """The alpha of which PEFT makes the recipe's factor, alpha / rank."""
        return self.recipe.scaling.factor("lora", rank) * rank


def _lora(case: PeftCase) -> LoraConfig:
    """LoRA at one rank everywhere, trained by PEFT's code: what the same budget gives there.

    Source: arXiv:2106.09685; ``peft.LoraConfig``.
    """
    return _largest(case, case.ranks, lambda rank: _lora_of(case, rank))


def _rslora(case: PeftCase) -> LoraConfig:
    """The same with alpha / sqrt(r), whatever the recipe's rule.

    Source: rank-stabilised LoRA, Kalajdzievski, arXiv:2312.03732; ``use_rslora``.
    """
    alpha = case.recipe.scaling.lora_alpha
    return replace(_lora(case), use_rslora=True, lora_alpha=alpha)  # type: ignore[arg-type] # only divided


def _dora(case: PeftCase) -> LoraConfig:
    r"""Magnitude and direction apart; its magnitudes, one for each output, are paid with rank.

    .. math:: W = m \, \frac{W_0 + B A}{\lVert W_0 + B A \rVert_c}

    Source: DoRA, Liu et al., arXiv:2402.09353; ``use_dora``.
    """
    return _largest(case, case.ranks, lambda rank: replace(_lora_of(case, rank), use_dora=True))


def _eva(case: PeftCase) -> LoraConfig:
    """A from the inputs' singular vectors, and ranks by the variance that they explain: PEFT moves ranks
    between sites before training, up to twice the uniform one. Their sum stays; where sites differ in
    cost, their parameters may rise above the budget.

    Source: EVA, Paischer et al., arXiv:2410.07170; ``peft.EvaConfig``.
    """
    config = _lora(case)
    widest = min(site.d_in for site in case.linear_sites) / config.r  # there are no more components
    return replace(config, init_lora_weights="eva", eva_config=EvaConfig(rho=min(2.0, widest)))


def _adalora(case: PeftCase) -> AdaLoraConfig:
    """Begins at 1.5 times the rank that fits, as in the paper, and is cut down to it. The cut counts ranks:
    where sites differ in cost, what is left may lie above the budget.

    Source: AdaLoRA, arXiv:2303.10512; ``peft.AdaLoraConfig``.
    """
    target = _largest(case, case.ranks, lambda rank: _adalora_of(case, rank, rank)).init_r
    return _adalora_of(case, math.ceil(1.5 * target), target)


def _oft(case: PeftCase) -> OFTConfig:
    """Rotations in blocks of b that divide every input, d_in (b - 1) / 2 parameters a linear.

    Source: orthogonal fine-tuning, Qiu et al., arXiv:2306.07280; ``peft.OFTConfig``.
    """
    if case.transposed:
        raise InputError("PEFT has no OFT for this model's Conv1D; leave peft-oft out.")
    widths = {site.target.module: site.d_in for site in case.linear_sites}.values()
    most, common = 2 * case.max_params // sum(widths) + 1, math.gcd(*widths)
    return _largest(
        case,
        [size for size in range(min(most, common), 1, -1) if common % size == 0],
        lambda size: OFTConfig(oft_block_size=size, target_modules=case.targets),
    )


def _prefix(case: PeftCase) -> PrefixTuningConfig:
    """Virtual keys and values in every layer, whatever the sites; they take positions from the text.

    Source: prefix-tuning, Li and Liang, arXiv:2101.00190; ``peft.PrefixTuningConfig``.
    """
    if "past_key_values" not in inspect.signature(case.model.base_model.forward).parameters:
        raise InputError("this model takes no past keys and values; leave peft-prefix out.")
    positions = getattr(case.model.config, "max_position_embeddings", math.inf)
    longest = max(
        len(ids) for rows in (case.task.train, case.task.validation, case.task.test) for ids in rows.input_ids
    )
    each = adapter_params(case.tuned(PrefixTuningConfig(num_virtual_tokens=1)))
    most = min(case.max_params // each, positions - longest - _RESERVED)
    return _largest(
        case, range(int(most), 0, -1), lambda tokens: PrefixTuningConfig(num_virtual_tokens=tokens)
    )


def _ia3(case: PeftCase) -> IA3Config:
    """One factor for each output, of the FFN's second linear for each input; it has no size to choose.

    Source: (IA)3, Liu et al., arXiv:2205.05638; ``peft.IA3Config``.
    """
    second = sorted({site.target.module for site in case.linear_sites if site.role in ("fc2", "down")})
    return IA3Config(target_modules=case.targets, feedforward_modules=second, fan_in_fan_out=case.transposed)


REFEREES: Final[Mapping[str, Callable[[PeftCase], PeftConfig]]] = {
    "peft-lora": _lora,
    "peft-rslora": _rslora,
    "peft-dora": _dora,
    "peft-eva": _eva,
    "peft-adalora": _adalora,
    "peft-oft": _oft,
    "peft-prefix": _prefix,
    "peft-ia3": _ia3,
}
"""Each gives the largest config within the case's budget, at one rank everywhere; peft-ia3 has one size.
They raise InputError where nothing fits, or PEFT has no such method for the model."""


def rule_of(config: PeftConfig, rule: str) -> str | None:
    """By which rule its factors follow from ranks, where this is the recipe's; None where it has none.

    >>> rule_of(LoraConfig(use_rslora=True), "constant"), rule_of(IA3Config(), "constant")
    ('alpha/sqrt(r)', None)
    """
    if not isinstance(config, LoraConfig):
        return None
    return "alpha/sqrt(r)" if config.use_rslora else rule


def _lora_of(case: PeftCase, rank: int) -> LoraConfig:
    return LoraConfig(
        r=rank,
        lora_alpha=case.alpha(rank),  # type: ignore[arg-type] # PEFT only divides it by r
        target_modules=case.targets,
        fan_in_fan_out=case.transposed,
    )


def _adalora_of(case: PeftCase, first: int, target: int) -> AdaLoraConfig:
    """Cut from an eighth of the steps to a half of them; the paper has other numbers for each data set."""
    steps = case.recipe.steps(len(case.task.train))
    return AdaLoraConfig(
        init_r=first,
        target_r=target,
        lora_alpha=case.alpha(first),  # type: ignore[arg-type] # PEFT only divides it by init_r
        target_modules=case.targets,
        fan_in_fan_out=case.transposed,
        total_step=steps,
        tinit=steps // 8,
        tfinal=steps // 2,
        deltaT=max(1, steps // 1000),
    )


def _largest(case: PeftCase, sizes: Iterable[int], build: Callable[[int], _C]) -> _C:
    """The config of the first size that is within the budget, counted on a model of PEFT's making."""
    for size in sizes:
        if adapter_params(case.tuned(config := build(size))) <= case.max_params:
            return config
    raise InputError(
        f"max_params={case.max_params:,} is too small for the smallest size of this method on "
        f"{counted(len(case.targets), 'linear')}; raise `budget`, or leave the method out."
    )
