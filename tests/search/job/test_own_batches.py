from __future__ import annotations

import pytest
import torch

from evaluators.objectives.causal_lm import CausalLM
from evaluators.objectives.classification import Classification
from evaluators.objectives.multiple_choice import MultipleChoice
from evaluators.objectives.own_loss import OwnLoss
from evaluators.objectives.regression import Regression
from search.job.own_batches import own_batches, with_targets
from spaces.errors import InputError
from tests.conftest import TinyModel

ROWS = {"input_ids": torch.full((2, 3), 7), "labels": torch.full((2, 3), 7)}
NO_TARGET = {"input_ids": torch.full((2, 3), 7), "labels": torch.full((2, 3), -100)}
FIRST_ONLY = {"input_ids": torch.full((2, 3), 7), "labels": torch.tensor([[7, -100, -100]] * 2)}


def test_what_the_model_has_no_argument_for_is_left_out(tiny_language_model: TinyModel) -> None:
    (batch,) = own_batches(
        tiny_language_model("llama"), [{**ROWS, "length": torch.ones(2), "id": "a"}], count=9
    )
    assert set(batch.inputs) == {"input_ids"}
    assert torch.equal(batch.labels, ROWS["labels"])


def test_a_batch_without_a_target_is_left_out_and_counted(
    tiny_language_model: TinyModel, caplog: pytest.LogCaptureFixture
) -> None:
    batches = own_batches(tiny_language_model("llama"), [FIRST_ONLY, ROWS, NO_TARGET, ROWS], count=4)
    assert with_targets(batches, CausalLM()) == (batches[1], batches[3])
    assert "left out 2 batches whose labels hold no target" in caplog.text
    assert with_targets(batches, OwnLoss()) == (batches[0], batches[1], batches[3])
    with pytest.raises(InputError, match="a language model's first token"):
        with_targets(batches[:1], CausalLM())


def test_no_more_batches_are_read_than_asked_for(tiny_language_model: TinyModel) -> None:
    loader = iter([ROWS] * 5)
    assert len(own_batches(tiny_language_model("llama"), loader, count=2)) == 2
    assert len(list(loader)) == 3


def test_classes_and_values_are_targets_all_of_them(tiny_model: TinyModel) -> None:
    model = tiny_model("bert")
    for labels in (torch.zeros(2).long(), torch.full((2,), -1.5), torch.full((2, 3), -0.5)):
        batches = own_batches(model, [{**ROWS, "labels": labels}], count=1)
        assert with_targets(batches, OwnLoss()) == batches


def test_a_missing_column_is_told_with_those_there_are(tiny_model: TinyModel) -> None:
    with pytest.raises(
        InputError, match=r"batch 1 of `dataloader` has \['input_ids', 'label'\], and no tensor"
    ):
        own_batches(tiny_model("bert"), [{"input_ids": ROWS["input_ids"], "label": torch.zeros(2)}], count=1)


@pytest.mark.parametrize("first", [(2, 3), (2,), (2, 3, 4)])
@pytest.mark.parametrize("later", [(2, 3), (2,), (2, 3, 4)])
def test_labels_of_all_batches_have_as_many_dimensions(tiny_model: TinyModel, first, later) -> None:
    batches = [{"input_ids": torch.full((2, 3), 7), "labels": torch.ones(shape)} for shape in (first, later)]
    if first == later:
        assert len(own_batches(tiny_model("bert"), batches, count=2)) == 2
        return
    with pytest.raises(InputError) as error:
        own_batches(tiny_model("bert"), batches, count=2)
    assert str(error.value) == (
        f"`labels` of batch 2 of `dataloader` have the shape {later}, and those of batch 1 {first}; collate "
        "all batches alike."
    )


@pytest.mark.parametrize("place", [1, 2])
def test_labels_without_rows_are_refused(tiny_model: TinyModel, place: int) -> None:
    batches = [{"input_ids": torch.full((2, 3), 7), "labels": torch.ones(2)} for _ in range(2)]
    batches[place - 1]["labels"] = torch.tensor(1)
    with pytest.raises(InputError, match=f"^`labels` of batch {place} of `dataloader` are a lone number; "):
        own_batches(tiny_model("bert"), batches, count=2)


@pytest.mark.parametrize(
    ("objective", "shape"),
    [(CausalLM(), (2, 4)), (CausalLM(), (1, 3)), (Classification(("a", "b")), (1,)), (Regression(), (3,))],
)
def test_labels_that_do_not_fit_their_tokens_are_refused_but_by_a_loss_of_ones_own(
    tiny_model: TinyModel, objective, shape
) -> None:
    """A model of pairs, say, has half as many labels as rows of tokens."""
    fits = (2, 3)[: len(shape)]
    given = [{"input_ids": torch.full((2, 3), 7), "labels": torch.ones(own).long()} for own in (fits, shape)]
    batches = own_batches(tiny_model("bert"), given, count=2)
    with pytest.raises(InputError) as error:
        with_targets(batches, objective)
    assert str(error.value).startswith(
        f"`labels` of batch 2 of `dataloader` have the shape {shape} beside `input_ids` of (2, 3); collate "
    )
    assert with_targets(batches, OwnLoss()) == batches


@pytest.mark.parametrize(
    "objective", [CausalLM(), MultipleChoice(), Classification(("a", "b")), Regression()]
)
@pytest.mark.parametrize("shape", [(2,), (2, 3), (2, 3, 4)])
def test_labels_that_are_not_what_is_learned_are_refused_in_a_sentence(tiny_model, objective, shape) -> None:
    batches = own_batches(
        tiny_model("bert"), [{"input_ids": torch.full((2, 3), 7), "labels": torch.ones(shape)}], count=1
    )
    if len(shape) == (2 if objective.architecture == "causal_lm" else 1):
        assert with_targets(batches, objective) == batches
        return
    with pytest.raises(
        InputError, match=r"^`labels` have the shape \(2,.*which is not \(rows.*; collate them so"
    ):
        with_targets(batches, objective)
