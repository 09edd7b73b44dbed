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
from evaluators.training.train_with_peft import adapter_params, with_adapter
from spaces.counted import counted
from spaces.errors import InputError
from spaces.search_space import params_per_rank
from spaces.site import Site

__all__ = ["REFEREES", "Setting"]

_C = TypeVar("_C", bound=PeftConfig)
_RESERVED: Final = 2  # positions that RoBERTa leaves empty before a text's first


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
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
        """A copy of the model with what a config describes."""
        return with_adapter(config, self.model, self.task.objective)

    def alpha(self, rank: int) -> float:
        """The alpha of which PEFT makes the recipe's factor, alpha / rank."""
        return self.recipe.scaling.factor("lora", rank) * rank


def _lora(setting: Setting) -> LoraConfig:
    return _largest(setting, setting.ranks, lambda rank: _lora_of(setting, rank))


def _rslora(setting: Setting) -> LoraConfig:
    """alpha / sqrt(r), whatever the recipe's rule."""
    alpha = setting.recipe.scaling.lora_alpha
    return replace(_lora(setting), use_rslora=True, lora_alpha=alpha)  # type: ignore[arg-type] # only divided


def _dora(setting: Setting) -> LoraConfig:
    """Its magnitudes, one for each output, are paid with rank."""
    return _largest(setting, setting.ranks, lambda rank: replace(_lora_of(setting, rank), use_dora=True))


def _eva(setting: Setting) -> LoraConfig:
    """PEFT moves ranks between sites before training, up to twice the uniform one.

    Their sum stays; where sites differ in cost, their parameters may rise above the budget.
    """
    config = _lora(setting)
    widest = min(site.d_in for site in setting.linear_sites) / config.r  # there are no more components
    return replace(config, init_lora_weights="eva", eva_config=EvaConfig(rho=min(2.0, widest)))


def _adalora(setting: Setting) -> AdaLoraConfig:
    """Begins at 1.5 times the rank that fits, as in arXiv:2303.10512, and is cut down to it.

    The cut counts ranks: where sites differ in cost, what is left may lie above the budget.
    """
    target = _largest(setting, setting.ranks, lambda rank: _adalora_of(setting, rank, rank)).init_r
    return _adalora_of(setting, math.ceil(1.5 * target), target)


def _oft(setting: Setting) -> OFTConfig:
    """Blocks that divide every input, d_in (b - 1) / 2 parameters a linear."""
    if setting.transposed:
        raise InputError("PEFT has no OFT for this model's Conv1D; leave peft-oft out.")
    widths = {site.target.module: site.d_in for site in setting.linear_sites}.values()
    most, common = 2 * setting.max_params // sum(widths) + 1, math.gcd(*widths)
    return _largest(
        setting,
        [size for size in range(min(most, common), 1, -1) if common % size == 0],
        lambda size: OFTConfig(oft_block_size=size, target_modules=setting.targets),
    )


def _prefix(setting: Setting) -> PrefixTuningConfig:
    """Virtual keys and values in every layer, whatever the sites; they take positions from the text."""
    if setting.task.objective.architecture == "causal_lm":
        raise InputError("peft-prefix is compared with on classifiers alone; leave it out.")
    if "past_key_values" not in inspect.signature(setting.model.base_model.forward).parameters:
        raise InputError("this model takes no past keys and values; leave peft-prefix out.")
    positions = getattr(setting.model.config, "max_position_embeddings", math.inf)
    longest = max(
        len(ids)
        for rows in (setting.task.train, setting.task.validation, setting.task.test)
        for ids in rows.input_ids
    )
    each = adapter_params(setting.tuned(PrefixTuningConfig(num_virtual_tokens=1)))
    most = min(setting.max_params // each, positions - longest - _RESERVED)
    return _largest(
        setting, range(int(most), 0, -1), lambda tokens: PrefixTuningConfig(num_virtual_tokens=tokens)
    )


def _ia3(setting: Setting) -> IA3Config:
    """One factor for each output, of the FFN's second linear for each input; it has no size to choose."""
    second = sorted({site.target.module for site in setting.linear_sites if site.role in ("fc2", "down")})
    return IA3Config(
        target_modules=setting.targets, feedforward_modules=second, fan_in_fan_out=setting.transposed
    )


REFEREES: Final[Mapping[str, Callable[[Setting], PeftConfig]]] = {
    "peft-lora": _lora,
    "peft-rslora": _rslora,
    "peft-dora": _dora,
    "peft-eva": _eva,
    "peft-adalora": _adalora,
    "peft-oft": _oft,
    "peft-prefix": _prefix,
    "peft-ia3": _ia3,
}
"""Each gives the largest config within the setting's budget, at one rank everywhere; peft-ia3 has one size.
They raise InputError where nothing fits, or PEFT has no such method for the model."""


def _lora_of(setting: Setting, rank: int) -> LoraConfig:
    return LoraConfig(
        r=rank,
        lora_alpha=setting.alpha(rank),  # type: ignore[arg-type] # PEFT only divides it by r
        target_modules=setting.targets,
        fan_in_fan_out=setting.transposed,
    )


def _adalora_of(setting: Setting, first: int, target: int) -> AdaLoraConfig:
    """Cut from an eighth of the steps to a half of them; the paper has other numbers for each data set."""
    steps = setting.recipe.steps(len(setting.task.train))
    return AdaLoraConfig(
        init_r=first,
        target_r=target,
        lora_alpha=setting.alpha(first),  # type: ignore[arg-type] # PEFT only divides it by init_r
        target_modules=setting.targets,
        fan_in_fan_out=setting.transposed,
        total_step=steps,
        tinit=steps // 8,
        tfinal=steps // 2,
        deltaT=max(1, steps // 1000),
    )


def _largest(setting: Setting, sizes: Iterable[int], build: Callable[[int], _C]) -> _C:
    """The config of the first size that is within the budget, counted on a model of PEFT's making."""
    for size in sizes:
        if adapter_params(setting.tuned(config := build(size))) <= setting.max_params:
            return config
    raise InputError(
        f"max_params={setting.max_params:,} is too small for the smallest size of this method on "
        f"{counted(len(setting.targets), 'linear')}; raise `budget`, or leave the method out."
    )
