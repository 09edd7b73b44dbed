"""How all runs of a search were trained, as ``result.json`` holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spaces.counted import counted
from spaces.scaling import Scaling
from spaces.site import Site

__all__ = ["TrainingRecord", "alphas_of", "written_scaling"]


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """What all runs have in common.

    learning_rate, scaling: None where each trial has its own. lora_alpha: None where shortcuts alone can be
    chosen; shortcut_alpha, renorm: None where none can. reference_rank: of the rule ``constant``.
    head_params: trained in every run besides its adapters, outside of the budget; 0 where there is no head.

    >>> TrainingRecord(2.0, 16, 1e-3, 0.01, 0.06, 1.0, "alpha/r", 16.0, None, 8, None, 770).text
    'trained: 2 epochs of 16 rows a step, learning rate 0.001, alpha/r with alpha 16; \
each also trains a head of 770 parameters, outside of the budget'
    """

    epochs: float
    batch_size: int
    learning_rate: float | None
    weight_decay: float
    warmup: float
    max_grad_norm: float
    scaling: str | None
    lora_alpha: float | None
    shortcut_alpha: float | None
    reference_rank: int
    renorm: str | None
    head_params: int

    @classmethod
    def of_json(cls, known: Mapping[str, Any] | None) -> TrainingRecord | None:
        """None where nobody wrote it down."""
        return None if known is None else cls(**known)

    @property
    def text(self) -> str:
        """The same in one sentence, without a rate and a rule that each trial has of its own."""
        rate = [] if self.learning_rate is None else [f"learning rate {self.learning_rate:g}"]
        rules = () if self.scaling is None else (self.scaling,)
        scaling = written_scaling(rules, self.lora_alpha, self.shortcut_alpha, self.reference_rank)
        renorm = [] if self.renorm is None else [f"renorm {self.renorm}"]
        steps = f"{counted(self.epochs, 'epoch')} of {counted(self.batch_size, 'row')} a step"
        how = f"trained: {', '.join([steps, *rate, scaling, *renorm])}"
        if not self.head_params:
            return how
        head = f"a head of {counted(self.head_params, 'parameter')}"
        return f"{how}; each also trains {head}, outside of the budget"


def written_scaling(
    rules: Sequence[str], lora_alpha: float | None, shortcut_alpha: float | None, reference_rank: int
) -> str:
    """How the factors of wires follow from their ranks: ``alpha/r with alpha 16 (shortcuts 4)``.

    rules: by name; none where each trial has its own. An alpha is None where no wire has it.
    """
    alpha = shortcut_alpha if lora_alpha is None else lora_alpha
    alphas = f"alpha {alpha:g}"
    if lora_alpha is not None and shortcut_alpha is not None:
        alphas += f" (shortcuts {shortcut_alpha:g})"
    if not rules:
        return f"{alphas}, constant is alpha/{reference_rank}"
    named = [f"constant (alpha/{reference_rank})" if rule == "constant" else rule for rule in rules]
    return f"{', '.join(named)} with {alphas}"


def alphas_of(scaling: Scaling, sites: Sequence[Site]) -> tuple[float | None, float | None]:
    """That of LoRA's wires and that of shortcuts; None of those that none of the sites may have."""
    kinds = {site.kind for site in sites}
    lora = scaling.lora_alpha if "lora" in kinds else None
    return lora, scaling.shortcut_alpha if kinds - {"lora"} else None
