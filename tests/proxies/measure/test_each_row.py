"""Each row's loss and gradients against the row on its own, without padding."""

from __future__ import annotations

import pytest
import torch
from transformers import BertForTokenClassification

from evaluators.objectives.own_loss import OwnLoss
from proxies.measure.dense_gradients import dense_gradients
from proxies.measure.each_row import each_row
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.objective import Batch
from tests.objectives import TWO_CLASSES


class _Gradients:
    """G of each row, by batch and site."""

    def __init__(self) -> None:
        self.of: dict[tuple[int, str], torch.Tensor] = {}

    def see(self, batch, site, x, delta):
        g = torch.einsum("nto,nti->noi", delta, x)
        self.of[batch, site.name] = self.of.get((batch, site.name), 0) + g


@pytest.mark.parametrize("family", ["bert", "albert", "gpt2", "opt-post"])
def test_rows_are_seen_as_if_each_were_alone(tiny_model, batches, family):
    model, seen = tiny_model(family), _Gradients()
    sites = find_sites(model, "lora[all]+shortcut")
    losses = each_row(model, TWO_CLASSES, sites, batches, seen.see, renorm="preserve")
    rows = [batch.take(slice(row, row + 1)) for batch in batches for row in range(len(batch))]
    for number, row in enumerate(map(without_padding, rows)):
        assert float(losses[number]) == pytest.approx(float(TWO_CLASSES.losses(model, row).mean()), abs=1e-5)
        for name, alone in dense_gradients(model, TWO_CLASSES, sites, [row]).items():
            together = seen.of[number // 2, name][number % 2]
            torch.testing.assert_close(together, alone, rtol=1e-3, atol=1e-5)


def without_padding(row: Batch) -> Batch:
    length = int(row.inputs["attention_mask"].sum())
    return Batch({name: tensor[:, :length] for name, tensor in row.inputs.items()}, row.labels)


def test_a_loss_that_does_not_tell_rows_apart_is_refused(tiny_model, batches):
    model = tiny_model("bert", kind=BertForTokenClassification)
    with pytest.raises(InputError, match="rows are compared by their own losses"):
        each_row(model, OwnLoss(), [], batches, _Gradients().see, renorm="preserve")
