"""How a site tells the rows of a batch apart: by what it reads, and by what it can do to the output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from transformers import PreTrainedModel

from spaces.double_precision import in_double
from spaces.hooks import Renorm
from spaces.objective import Batch, Objective
from spaces.site import Site

from .backward import check_one_stream, differentiable, on_backward, tokens_read

__all__ = ["ROWS", "RowFeatures", "first_rows", "row_features"]

ROWS: Final = 64
"""How many of the first rows are compared, at most."""

_ROUNDING: Final = 1e-6  # of the largest row's gradient: below it a float32 gradient is rounding


@dataclass(frozen=True, slots=True, eq=False)
class RowFeatures:
    """Of the first rows, in order.

    classes: (rows,) int64; None where the objective has none.
    inputs: site name -> (rows, d_in) float32, mean over the row's tokens of what the site reads, and over its
    visits in a pass where there are several.
    correlations: site name -> (rows, rows) float64, between the rows' gradients by B of the summed outputs.
    """

    classes: Tensor | None
    inputs: Mapping[str, Tensor]
    correlations: Mapping[str, Tensor]


def row_features(
    model: PreTrainedModel,
    objective: Objective,
    sites: Sequence[Site],
    batches: Sequence[Batch],
    initial_a: Mapping[str, Tensor],
    *,
    rows: int = ROWS,
    renorm: Renorm = "preserve",
) -> RowFeatures:
    """Measured in one forward and backward of the first ``rows`` rows, batch by batch, padding left out.

    A row's gradient by B is the sum over its tokens of delta (A x)^T, with delta the gradient of the sum of
    all that the model says of the row at the target: (d_out * r). It is the whole of what a new wire can do
    to the output, since B = 0 and the gradient by A is therefore 0. Delta alone, summed, would not do: of a
    key projection that sum is 0 in every row, because softmax ignores what all keys share.

    Correlations are Pearson's, over the entries of B; a row whose gradient is zero, as far as rounding goes,
    has 0 with every row and with itself. Memory while it runs: rows * d_out * r a site.

    Args:
        model, objective, sites, renorm: as ``dense_gradients`` has them.
        batches: from whose beginning rows are taken.
        initial_a: the wires' A, site name -> (r, d_in).
        rows: how many, at most.

    Raises InputError on an encoder-decoder.
    """
    check_one_stream(model, "what each row reads")
    inputs: dict[str, list[Tensor]] = {site.name: [] for site in sites}
    jacobians: dict[str, list[Tensor]] = {site.name: [] for site in sites}
    classes = []
    for batch in first_rows(batches, rows):
        seen = _Rows(batch, initial_a)
        with differentiable(model, sites, seen.visit, renorm=renorm):
            objective.total(model, batch.inputs).backward()
        for site in sites:
            inputs[site.name].append(seen.inputs[site.name] / seen.visits[site.name])
            jacobians[site.name].append(seen.jacobians[site.name])
        classes.append(objective.classes(batch))
    return RowFeatures(
        _together(classes),
        {name: torch.cat(parts) for name, parts in inputs.items()},
        {site.name: _correlations(torch.cat(jacobians.pop(site.name))) for site in sites},
    )


class _Rows:
    """Sees one batch; what a site is shown in several visits, as ALBERT's are, adds up."""

    def __init__(self, batch: Batch, initial_a: Mapping[str, Tensor]) -> None:
        self.rows, self.mask = len(batch), batch.inputs.get("attention_mask")
        self.initial_a = initial_a
        self.inputs, self.jacobians = dict[str, Tensor](), dict[str, Tensor]()
        self.visits = Counter[str]()

    def visit(self, sites: Sequence[Site], sources: Sequence[Tensor], target: Tensor) -> Tensor:
        tokens = [
            tokens_read(source, site, self.rows, self.mask)
            for site, source in zip(sites, sources, strict=True)
        ]
        for site, (x, count) in zip(sites, tokens, strict=True):
            self.visits[site.name] += 1
            _add(self.inputs, site.name, x.sum(1) / count)

        def see(deltas: list[Tensor]) -> None:
            for site, (x, _), delta in zip(sites, tokens, deltas, strict=True):
                delta = delta.reshape(self.rows, -1, site.d_out).float()
                inner = x @ self.initial_a[site.name].to(x).T
                _add(self.jacobians, site.name, torch.einsum("nto,ntr->nor", delta, inner).flatten(1))

        on_backward(target, sites, see)
        return target


def _add(to: dict[str, Tensor], name: str, more: Tensor) -> None:
    to[name] = to[name] + more if name in to else more


def first_rows(batches: Sequence[Batch], rows: int) -> Iterator[Batch]:
    """The batches that hold the first rows, the last one cut; all of them where there are fewer rows."""
    for batch in batches:
        if rows <= 0:
            return
        yield batch.take(slice(rows))
        rows -= len(batch)


def _together(classes: Sequence[Tensor | None]) -> Tensor | None:
    known = [one for one in classes if one is not None]
    return torch.cat(known) if known else None


def _correlations(features: Tensor) -> Tensor:
    """Pearson's, between the rows of (rows, features): (rows, rows) float64."""
    centred = in_double(features)
    centred = centred - centred.mean(1, keepdim=True)
    norms = torch.linalg.vector_norm(centred, dim=1, keepdim=True)
    unit = (centred / norms).where(norms > _ROUNDING * norms.max(), 0.0)
    correlations: Tensor = unit @ unit.T
    return correlations
