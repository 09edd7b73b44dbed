"""A model is asked what it can read: rows that it cannot embed, or whose padding it heeds, are refused."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from transformers import PreTrainedModel

from evaluators.objectives.causal_lm import CausalLM
from evaluators.objectives.classification import Classification
from evaluators.objectives.task_objective import TaskObjective
from spaces.errors import InputError
from spaces.objective import Batch
from spaces.readable import check_embeddable, check_padding, outputs
from tests.model_types import tiny_model_of

CLASSES, THREE = Classification(("a", "b")), Classification(("a", "b", "c"))


def batch_of(inputs: dict[str, torch.Tensor]) -> Batch:
    return Batch(inputs, torch.zeros(len(inputs["input_ids"]), dtype=torch.long))


@pytest.mark.parametrize(("family", "inputs", "message"), [
    ("bert", {"input_ids": [[5, 100]]}, "bert.embeddings.word_embeddings has 100 places.* number 100"),
    ("bert", {"input_ids": [[5, -1]]}, "word_embeddings has 100.* number -1"),
    ("bert", {"input_ids": [[5, 6]], "token_type_ids": [[0, 2]]}, "token_type_embeddings has 2 .*number 2"),
    ("bert", {"input_ids": [[5] * 65]}, "cannot be run on 1 row of 65 tokens"),
    ("roberta", {"input_ids": [[5] * 63]}, "a table of the model has 64 places.* number 64"),
    ("gpt2", {"input_ids": [[5] * 65]}, "wpe has 64 places.* number 64"),
    ("opt", {"input_ids": [[5] * 65]}, "embed_positions has 66 places.* number 66"),
    ("llama", {"input_ids": [[5, 100]]}, "embed_tokens has 100 places.* number 100"),
])  # fmt: skip
def test_what_the_model_cannot_embed_is_named_before_it_is_looked_up(tiny_model, family, inputs, message):
    batch = {name: torch.tensor(rows) for name, rows in inputs.items()}
    batch["attention_mask"] = torch.ones_like(batch["input_ids"])
    with pytest.raises(InputError, match=message):
        check_embeddable(tiny_model(family), CLASSES, batch_of(batch))


def test_a_model_that_fails_on_its_inputs_is_refused_in_one_line(tiny_model, tiny_batch):
    model = tiny_model("bert")

    def fail(*_: object) -> None:
        raise KeyError("full_attention")

    model.base_model.encoder.layer[1].register_forward_hook(fail)
    with pytest.raises(
        InputError, match=r"cannot be run on 6 rows of 9 tokens \(KeyError: 'full_attention'\)"
    ):
        outputs(model, CLASSES, batch_of(tiny_batch))


def test_outputs_that_are_no_logits_of_the_rows_are_refused(tiny_model, tiny_batch):
    model = tiny_model("bert")
    model.classifier = nn.Linear(32, 3)
    with pytest.raises(InputError, match=r"gives outputs \(6, 3\) for 6 rows and 2 labels, not \(6, 2\)"):
        outputs(model, CLASSES, batch_of(tiny_batch))


def check_padding_of(
    model: PreTrainedModel, objective: TaskObjective, alone: list[Batch], together: list[Batch]
) -> None:
    comparable, rounding = objective.comparable, objective.rounding
    check_padding(model, objective, alone, together, comparable=comparable, rounding=rounding)


def _padded(ids: torch.Tensor, lengths: torch.Tensor, width: int) -> Batch:
    mask = (torch.arange(width) < lengths[:, None]).long()
    whole = torch.full((len(ids), width), 1)
    whole[:, : ids.shape[1]] = ids
    return batch_of({"input_ids": torch.where(mask.bool(), whole, 1), "attention_mask": mask})


def _alone_and_together() -> tuple[list[Batch], list[Batch]]:
    ids = torch.randint(4, 100, (6, 12), generator=torch.Generator().manual_seed(0))
    lengths = torch.tensor([12, 9, 12, 10, 8, 11])
    alone = [_padded(ids[i : i + 1, :n], lengths[i : i + 1], int(n)) for i, n in enumerate(lengths)]
    return alone, [_padded(ids, lengths, width) for width in (12, 13, 14, 15, 24)]


@pytest.mark.parametrize("model_type", ["fnet", "convbert", "canine", "nystromformer", "yoso"])
def test_a_model_that_heeds_what_stands_behind_a_rows_end_is_refused(model_type):
    with pytest.raises(InputError, match=rf"changes the outputs of this {model_type} model"):
        check_padding_of(tiny_model_of(model_type), THREE, *_alone_and_together())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("family", ["bert", "deberta-v2", "opt", "gpt2", "llama", "gemma2"])
def test_the_families_heed_no_padding(tiny_model, family, dtype):
    check_padding_of(tiny_model(family).to(dtype), CLASSES, *_alone_and_together())


def _as_language(batches: list[Batch]) -> list[Batch]:
    """Of the first row every token is learned, of the others one or two."""
    found = []
    for batch in batches:
        ids, mask = batch.inputs["input_ids"], batch.inputs["attention_mask"]
        place = torch.arange(ids.shape[1])
        long = (mask.sum(1, keepdim=True) == 12) | (place < 3)
        found.append(Batch(batch.inputs, ids.masked_fill((mask == 0) | ~long, -100)))
    return found


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("family", ["opt", "gpt2", "llama", "gemma2"])
def test_language_models_heed_no_padding(tiny_language_model, family, dtype):
    alone, together = map(_as_language, _alone_and_together())
    check_padding_of(tiny_language_model(family).to(dtype), CausalLM(), alone, together)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_language_model_that_heeds_padding_is_refused_by_its_loss_a_target(tiny_language_model, dtype):
    """Also in 16 bits, and where one row has many times the targets of the others."""
    model = tiny_language_model("llama").to(dtype)
    model.model.embed_tokens.register_forward_hook(lambda _m, _i, out: out + 3 * out.mean(1, keepdim=True))
    alone, together = map(_as_language, _alone_and_together())
    with pytest.raises(InputError, match="changes the outputs of this llama model"):
        check_padding_of(model, CausalLM(), alone, together)


def test_a_near_tie_of_two_tokens_is_no_difference(tiny_language_model):
    """A token counts as right or not by the last bit of two logits."""

    class Tied(CausalLM):
        def outputs(self, model, batch):
            outputs = super().outputs(model, batch)
            return outputs + torch.tensor([0.0, 0.0, float(len(batch) > 1)])

    alone, together = map(_as_language, _alone_and_together())
    check_padding_of(tiny_language_model("llama"), Tied(), alone, together)
