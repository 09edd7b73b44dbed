"""Other base weights are told from those that an adapter was trained on."""

from __future__ import annotations

import json
import logging

import pytest
import torch

from evaluators.adapters.adapter import load_adapter, merge
from evaluators.adapters.base_digest import base_digest


def test_it_is_the_same_in_float32_and_bfloat16_and_heeds_no_head(tiny_model):
    model = tiny_model("bert")
    digest = base_digest(model)
    model.classifier = torch.nn.Linear(32, 5)
    assert base_digest(model) == digest
    assert base_digest(model.to(torch.bfloat16)) == digest


def test_another_number_anywhere_is_another_digest(tiny_model):
    digest = base_digest(tiny_model("bert"))
    for name, _ in tiny_model("bert").base_model.named_parameters():
        other = tiny_model("bert")
        other.base_model.get_parameter(name).flatten()[0] += 1
        assert base_digest(other) != digest, name


def test_weights_of_another_kind_have_none(tiny_model):
    assert base_digest(tiny_model("bert").half()) is None


@pytest.mark.parametrize("use", [load_adapter, merge])
def test_an_adapter_on_other_weights_of_the_same_shapes_is_warned_of(
    tmp_path, saved, tiny_model, caplog, use
):
    saved(tmp_path / "a", tiny_model("bert"), "lora[all]")
    with caplog.at_level(logging.WARNING):
        use(tmp_path / "a", tiny_model("bert"))
        assert not caplog.messages
        other = tiny_model("bert")
        other.bert.encoder.layer[0].output.dense.weight.mul_(2)
        use(tmp_path / "a", other)
    (line,) = caplog.messages
    assert "was trained on other base weights than this model has" in line


def test_an_adapter_of_an_older_version_says_nothing_of_its_base(tmp_path, saved, tiny_model, caplog):
    saved(tmp_path / "a", tiny_model("bert"), "lora")
    record = json.loads((tmp_path / "a" / "rankscape.json").read_text())
    del record["base_digest"]
    (tmp_path / "a" / "rankscape.json").write_text(json.dumps(record))
    with caplog.at_level(logging.WARNING):
        load_adapter(tmp_path / "a", tiny_model("bert", initializer_range=0.1))
    assert not caplog.messages
