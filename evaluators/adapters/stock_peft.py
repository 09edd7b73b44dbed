"""What stock PEFT makes of an adapter's files: found out by loading them, not by a rule.

What PEFT holds then must be what was trained (``loaded_peft``), and its outputs ours but for rounding. How
far rounding carries is measured, in the model's own precision, since in 16 bits it grows with every layer.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from peft import PeftModel
from torch import Tensor, nn
from transformers import PreTrainedModel

from evaluators.base.twin import twin_of
from evaluators.data.model_inputs import batch_of
from evaluators.data.rows import Rows
from evaluators.objectives.task_objective import TaskObjective
from spaces.errors import InputError, what_went_wrong
from spaces.foreign import foreign
from spaces.untouched import untouched

from .loaded_peft import why_loaded_otherwise
from .peft_files import Wire

__all__ = ["AsTrained", "why_not_stock"]

_ROWS: Final = 8  # compared; wrong taps show in the first
_DRAWS: Final = 4  # of roundings
_MARGIN: Final = 2.0  # by which PEFT's may lie further off than the furthest of those; seen: 0.05 to 0.8


@dataclass(frozen=True, slots=True, eq=False)
class AsTrained:
    """What PEFT should have. objective: that it was trained for. head: ``head.classifier.weight`` and so on.

    outputs: of the first few rows, as the objective compares them. rounding: how far they move when each
    wire's and the head's output moves by its own rounding.
    """

    objective: TaskObjective
    wires: Sequence[Wire]
    head: Mapping[str, Tensor]
    outputs: Tensor
    rounding: float

    @staticmethod
    def of(
        model: PreTrainedModel,
        objective: TaskObjective,
        wires: Sequence[Wire],
        head: Mapping[str, Tensor],
        rows: Rows,
    ) -> AsTrained:
        """model: with these wires and this head attached."""
        outputs = _first_outputs(model, objective, rows)
        names = {wire.site.target.module for wire in wires}
        modules = [*(model.get_submodule(name) for name in names), *objective.head(model).values()]
        with _rounded_again(modules):
            moved = [_first_outputs(model, objective, rows) - outputs for _ in range(_DRAWS)]
        return AsTrained(objective, wires, head, outputs, float(torch.stack(moved).abs().max()))


def why_not_stock(folder: Path, model: PreTrainedModel, rows: Rows, trained: AsTrained) -> str | None:
    """Why the PEFT adapter in a folder is not what was trained; None where it is.

    model: the base model, which is neither changed nor copied: PEFT gets modules of its own around the same
    tensors. rows: those of ``trained``.
    """
    with untouched(model), warnings.catch_warnings():  # PEFT freezes what it wraps
        warnings.simplefilter("ignore")
        try:
            with foreign("PEFT cannot load it", "it needs load_adapter"):
                stock = PeftModel.from_pretrained(
                    twin_of(model), folder, torch_device=str(model.device)
                ).eval()
                theirs = _first_outputs(stock.get_base_model(), trained.objective, rows)
        except InputError as error:
            return what_went_wrong(error)
        if reason := why_loaded_otherwise(stock, trained.wires, trained.head):
            return reason
    apart, bound = float((theirs - trained.outputs).abs().max()), _MARGIN * trained.rounding
    if apart <= bound:  # False of NaN
        return None
    return f"PEFT's outputs differ from ours by {apart:.2g}, of which rounding explains {bound:.2g}"


@torch.no_grad()
def _first_outputs(model: nn.Module, objective: TaskObjective, rows: Rows) -> Tensor:
    """Of the first few rows what is ``comparable``, (n, j) float32 on the CPU: no counts, which jump."""
    assert isinstance(model, PreTrainedModel)
    batch = batch_of(model, rows, np.arange(min(_ROWS, len(rows))))
    return objective.comparable(objective.outputs(model, batch)).cpu()


@contextmanager
def _rounded_again(modules: Sequence[nn.Module]) -> Iterator[None]:
    """Meanwhile every output of the modules moves at random by as much as it may be off by rounding."""
    generator = torch.Generator().manual_seed(0)

    def moved(_module: nn.Module, _args: object, output: Any) -> Any:
        given, *more = output if isinstance(output, tuple) else (output,)  # a quantized linear's, its scale
        draw = torch.randn(given.shape, generator=generator).to(given)
        typical = given.square().mean(-1, keepdim=True).sqrt()  # a sum's parts may be larger than the sum
        eps = max(torch.finfo(dtype).eps for dtype in (given.dtype, torch.float32))  # the wires' own
        given = given + eps * (given.abs() + typical) * draw
        return (given, *more) if isinstance(output, tuple) else given

    with ExitStack() as hooks:
        for module in modules:
            hooks.callback(module.register_forward_hook(moved).remove)
        yield
