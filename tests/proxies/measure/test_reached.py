from __future__ import annotations

import pytest
import torch

from proxies.measure.reached import reached_sites
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.objective import Batch
from tests.conftest import TinyModel
from tests.objectives import TWO_CLASSES


@pytest.fixture
def batches(tiny_batch: dict[str, torch.Tensor]) -> list[Batch]:
    return [Batch(tiny_batch, torch.arange(6) % 2)] * 3


@pytest.mark.parametrize("family", ["bert", "gpt2", "llama", "deberta-v2"])
def test_all_sites_that_the_loss_depends_on_in_one_batch(
    tiny_model: TinyModel, batches: list[Batch], family: str
) -> None:
    model = tiny_model(family)
    sites, left = find_sites(model, "lora[all]"), iter(batches)
    assert reached_sites(model, sites, left, TWO_CLASSES) == sites
    assert len(list(left)) == 2


def test_a_site_behind_the_loss_is_left_out_with_a_line_in_the_log(
    tiny_model: TinyModel, batches: list[Batch], caplog: pytest.LogCaptureFixture
) -> None:
    model = tiny_model("bert")
    model.bert.encoder.layer[2].intermediate.dense.weight.zero_()
    model.bert.encoder.layer[2].output.dense.weight.zero_()
    sites = find_sites(model, "lora[fc1,fc2]")
    found = reached_sites(model, sites, batches, TWO_CLASSES)
    assert [site.name for site in sites if site not in found] == ["layers.2.fc1"]
    assert "left out 1 of 6 sites (layers.2.fc1): no gradient of the loss reaches them" in caplog.text


def test_a_loss_that_depends_on_none_is_refused(tiny_model: TinyModel, batches: list[Batch]) -> None:
    model = tiny_model("bert")
    model.classifier.weight.zero_()
    with pytest.raises(InputError, match="no gradient of the loss reaches any of 6 sites, the first of them"):
        reached_sites(model, find_sites(model, "lora[q,v]"), batches, TWO_CLASSES)


def test_a_batch_that_the_model_cannot_be_run_on_is_named_by_its_shapes(tiny_model: TinyModel) -> None:
    model = tiny_model("bert")
    bad = Batch({"input_ids": torch.full((2, 3), 10_000)}, torch.zeros(2).long())
    with pytest.raises(
        InputError, match=r"cannot be run on a batch of \{'input_ids': \(2, 3\), 'labels': \(2,\)\}"
    ):
        reached_sites(model, find_sites(model, "lora[q,v]"), [bad], TWO_CLASSES)
