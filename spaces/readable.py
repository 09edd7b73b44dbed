"""Whether a model can read rows: embed them, and answer for each alone, however far it is padded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from transformers import PreTrainedModel

from .counted import counted
from .errors import InputError
from .foreign import foreign
from .objective import Batch, Objective

__all__ = ["check_embeddable", "check_padding", "outputs"]

_16_BITS = (torch.float16, torch.bfloat16)
_APART = 1e-3  # of the largest; a hundred times what other sums of equal numbers give in 32 bits


def outputs(model: PreTrainedModel, objective: Objective, batch: Batch) -> Tensor:
    """``objective.outputs``, (rows, k); raises InputError where the model's own code fails on these rows."""
    rows, tokens = batch.inputs["input_ids"].shape
    with foreign(
        f"this {model.config.model_type} model cannot be run on {counted(rows, 'row')} of "
        f"{counted(tokens, 'token')}",
        "choose another model, or a smaller `max_length`",
    ):
        return objective.outputs(model, batch)


@torch.no_grad()
def check_embeddable(model: PreTrainedModel, objective: Objective, batch: Batch) -> None:
    """Raises InputError where the model cannot be run on a batch, as on one that holds a task's extremes.

    Indices that are looked up in a table, of tokens, positions and token types alike, by ``embedding`` or
    ``gather``, are checked before they are used: on a GPU a wrong one is an error from which the process
    cannot recover.
    """
    with _InsideTables(model):
        outputs(model, objective, batch)


@torch.no_grad()
def check_padding(
    model: PreTrainedModel,
    objective: Objective,
    alone: Sequence[Batch],
    together: Sequence[Batch],
    *,
    comparable: Callable[[Tensor], Tensor],
    rounding: float,
) -> None:
    """Raises InputError where what stands behind a row's end changes the model's outputs for it.

    In a cohort every slot's batch is padded to the longest row of all, so that such a model's answers for one
    candidate would hang on its neighbours' rows: FNet mixes all places, ConvBERT and CANINE convolve over
    them, Nystromformer and YOSO sum over them.

    Args:
        model: frozen; it is left as it was.
        objective: which says what is asked of the model.
        alone: rows each in a batch of its own, without padding.
        together: all of them in that order, padded to different lengths.
        comparable: what of outputs is compared, (rows, k) -> (rows, j): numbers of one size for all rows.
        rounding: how far 16 bits may move them, of the largest.
    """
    own = comparable(torch.cat([outputs(model, objective, row) for row in alone]))
    largest = float(own.abs().max())
    bound = rounding if model.dtype in _16_BITS else _APART
    for batch in together:
        tokens = batch.inputs["input_ids"].shape[1]
        apart = float((comparable(outputs(model, objective, batch)) - own).abs().max())
        if not apart <= bound * largest:
            raise InputError(
                f"what stands behind a row's end changes the outputs of this {model.config.model_type} model "
                f"(by {apart:.2g}, of at most {largest:.2g}, when rows are padded to "
                f"{counted(tokens, 'token')}), so that candidates that are trained "
                "together would not be independent; choose another model."
            )


class _InsideTables(TorchFunctionMode):
    """Refuses indices outside the table that they are looked up in, by the table's name where it has one."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self._names = {id(parameter): name for name, parameter in model.named_parameters()}

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is torch.nn.functional.embedding:
            indices, table = args[:2]
            self._check(indices, len(table), self._names.get(id(table), "a table").removesuffix(".weight"))
        elif func in (torch.gather, Tensor.gather):  # RoBERTa's types by position
            given = {**dict(zip(("input", "dim", "index"), args, strict=False)), **(kwargs or {})}
            self._check(given["index"], given["input"].shape[given["dim"]], "a table of the model")
        return func(*args, **(kwargs or {}))

    def _check(self, indices: Tensor, places: int, name: str) -> None:
        low, high = int(indices.min()), int(indices.max())
        if not 0 <= low <= high < places:
            raise InputError(
                f"{name} has {counted(places, 'place')}, and the task's rows ask for number "
                f"{low if low < 0 else high} (from 0)."
            )
