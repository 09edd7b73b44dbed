"""What a model cannot take is refused, or repaired with a line in the log, before anything is scored."""

from __future__ import annotations

import json
import logging

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForSequenceClassification,
    PreTrainedModel,
    XLNetConfig,
    XLNetForSequenceClassification,
)

from evaluators.base.base_model import ModelSource
from evaluators.data.rows import Rows
from evaluators.data.task import Task
from evaluators.objectives.classification import Classification
from search.cli.run import main
from search.job.fit_to_model import readable_inputs, usable_sites
from search.job.inputs import Inputs
from spaces.errors import InputError
from spaces.find_sites import find_sites
from tests.doubling import doubling_task
from tests.model_types import tiny_model_of


def _rows(*ids: list[int], types: list[list[int]] | None = None) -> Rows:
    return Rows(
        tuple(np.array(row, dtype=np.int64) for row in ids),
        None if types is None else tuple(np.array(row, dtype=np.int64) for row in types),
        np.zeros(len(ids), dtype=np.int64),
    )


@pytest.fixture
def inputs_for(tiny_model):
    """A factory: inputs with these training rows, and a tiny model."""

    def build(train: Rows, **overrides: object) -> tuple[Inputs, PreTrainedModel]:
        types = None if train.token_type_ids is None else [[0, 0, 1], [0, 1, 1]]
        rest = _rows([5, 6, 7], [8, 9, 10], types=types)
        task = Task("t", Classification(("a", "b")), train, rest, rest)
        return Inputs("m", "m", ModelSource("m", 2), task, 1e-3), tiny_model("bert", **overrides)

    return build


def test_inputs_that_fit_stay_as_they_are(inputs_for):
    inputs, model = inputs_for(_rows([5, 6], [7, 8, 9], types=[[0, 1], [0, 1, 1]]))
    assert readable_inputs(inputs, model) is inputs


def test_token_types_that_the_model_does_not_know_are_left_out_with_a_line(inputs_for, caplog):
    inputs, model = inputs_for(_rows([5, 6], [7, 8, 9], types=[[0, 1], [0, 1, 1]]), type_vocab_size=1)
    with caplog.at_level(logging.WARNING):
        fitting = readable_inputs(inputs, model)
    assert all(
        rows.token_type_ids is None
        for rows in (fitting.task.train, fitting.task.validation, fitting.task.test)
    )
    (line,) = caplog.messages
    assert "token types are left out" in line
    assert "token_type_embeddings has 1 place," in line


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize(("row", "reason"), [([5, 100], "number 100"), ([5] * 65, "65 tokens")])
def test_rows_beyond_the_model_are_refused(inputs_for, row, reason, typed):
    types = [[0] * len(row), [0, 1, 1]] if typed else None
    inputs, model = inputs_for(_rows(row, [7, 8, 9], types=types))
    with pytest.raises(InputError, match=reason) as refusal:
        readable_inputs(inputs, model)
    assert "m cannot take this task's rows" in str(refusal.value)


@pytest.mark.parametrize("family", ["llama", "qwen3", "gemma2", "bert"])
@pytest.mark.parametrize("longest", [8, 9])
def test_rows_longer_than_the_model_was_made_to_read_are_counted_where_nothing_fails(
    tiny_model, caplog, family, longest
):
    train = _rows([*range(5, 5 + longest)], [*range(6, 6 + longest)], [7, 8, 9])
    rest = _rows([5, 6, 7], [8, 9, 10])
    inputs = Inputs(
        "its name", "m", ModelSource("m", 2), Task("t", Classification(("a", "b")), train, rest, rest), 1
    )
    model = tiny_model(family, max_position_embeddings=8)
    if family == "bert" and longest > 8:
        with pytest.raises(InputError, match="9 tokens"):
            readable_inputs(inputs, model)
        return
    with caplog.at_level(logging.WARNING):
        assert readable_inputs(inputs, model) is inputs
    said = (
        "2 of 7 rows (28.6%) have more than the 8 tokens that its name was made to read; lower `max_length`"
    )
    assert caplog.messages == ([said] if longest > 8 else [])


def test_a_model_that_is_none_for_the_objective_is_refused_when_it_is_first_looked_at(tiny_language_model):
    task = doubling_task()
    inputs = Inputs("m", "m", ModelSource("m", None, architecture="causal_lm"), task, 1e-3)
    assert readable_inputs(inputs, tiny_language_model("llama")) is inputs
    with pytest.raises(InputError, match="this bert model sees the tokens that it is to foretell"):
        readable_inputs(inputs, tiny_language_model("bert"))


def test_sites_are_proved_even_on_two_rows(inputs_for):
    inputs, model = inputs_for(_rows([5, 6], [5, 6]))
    sites = find_sites(model, "lora[all]+shortcut")
    assert usable_sites(inputs.task, model, sites, "preserve") == sites


def test_rows_that_are_all_the_same_are_refused(tiny_model):
    same, model = _rows([5, 6], [5, 6]), tiny_model("bert")
    task = Task("t", Classification(("a", "b")), same, same, same)
    with pytest.raises(InputError, match="all have the same tokens"):
        usable_sites(task, model, find_sites(model, "lora"), "preserve")


def _save(config: object, folder) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)


def test_xlnet_is_refused_before_anything_is_scored(small, model_folder, capsys, tmp_path):
    config = XLNetConfig(
        vocab_size=100, d_model=32, n_layer=2, n_head=2, d_inner=48, pad_token_id=1, bos_token_id=2
    )
    XLNetForSequenceClassification(config).save_pretrained(model_folder)
    capsys.readouterr()
    assert main([*small, "--space", "lora[all]"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "does not begin with the rows of the batch" in line
    assert "layers.0.layer_1" in line
    assert not (tmp_path / "out").exists()


def test_a_vision_tower_gets_nothing_of_the_budget(small, model_folder, caplog, tmp_path):
    tiny_model_of("ultravbert").save_pretrained(
        model_folder
    )  # its tower's sites come first, and are called q, v
    with caplog.at_level(logging.WARNING):
        assert main([*small, "--space", "lora", "--finalists", "1"]) == 0
    (line,) = (line for line in caplog.messages if line.startswith("left out"))
    assert line == (
        "left out 4 of 8 sites (layers.0.q, layers.0.v, layers.1.q, layers.1.v): "
        "none of the probe's passes calls it"
    )
    sites = json.loads((tmp_path / "out" / "result.json").read_text())["space"]["sites"]
    assert sites == ["layers.0.q.2", "layers.0.v.2", "layers.1.q.2", "layers.1.v.2"]


def test_a_pad_token_without_an_embedding_is_repaired(small, model_folder, caplog):
    config = json.loads((model_folder / "config.json").read_text())
    (model_folder / "config.json").write_text(json.dumps({**config, "pad_token_id": -1}))
    with caplog.at_level(logging.WARNING):
        assert main(small) == 0
    assert "has no embedding for its pad_token_id -1; padding with '[PAD]' (1) instead." in caplog.text


def test_a_pad_token_that_the_model_cannot_be_built_with_is_refused(small, model_folder, capsys):
    config = json.loads((model_folder / "config.json").read_text())
    (model_folder / "config.json").write_text(json.dumps({**config, "pad_token_id": 5_000}))
    capsys.readouterr()
    assert main(small) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "Padding_idx must be within num_embeddings" in line
