"""Every format of a language model's rows, against plain transformers and PEFT, and against TRL's trainer."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import PeftModel, get_peft_model
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from evaluators.data.alpaca import alpaca_prompt
from evaluators.data.model_inputs import batch_of
from evaluators.data.read_table import read_table
from evaluators.data.rows import NO_TARGET, Rows
from evaluators.data.tokenised_passages import USUAL_LOSS, LossOn, tokenised_passages
from evaluators.objectives.causal_lm import CausalLM
from evaluators.training.candidate import Candidate, Recipe
from evaluators.training.cohort import Cohort
from spaces.allocation import Allocation
from spaces.find_sites import find_sites
from tests.conftest import TinyModel
from tests.evaluators.data.letters import END, MARKED, TEMPLATE, tokenizer_of_letters
from tests.in_peft import lora_config, share_weights


@dataclass(frozen=True)
class Format:
    """rows: of the file, and of TRL's data set where ``trl_rows`` names no others. tokenizer: its making."""

    rows: list[dict[str, Any]]
    loss_on: LossOn = USUAL_LOSS
    max_length: int | None = None
    tokenizer: dict[str, Any] = field(default_factory=lambda: {"begins": True})
    trl_rows: list[dict[str, Any]] | None = None


def message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


TEXTS = [{"text": "bead"}, {"text": "a fig a day"}]
PROMPTS = [{"prompt": "ab", "completion": " cd"}, {"prompt": "", "completion": "fig"}]
LONG = [*PROMPTS, {"prompt": "abcdefgh", "completion": " i"}, {"prompt": "a", "completion": "bcdefghij"}]
TURNS = [message("user", "ab"), message("assistant", "cd"), message("user", "e"), message("assistant", "f")]
TALKS = [{"messages": TURNS}, {"messages": [message("system", "z"), *TURNS[:2]]}]
ANSWERS = [{"prompt": TURNS[:3], "completion": TURNS[3:]}, {"prompt": TURNS[:1], "completion": TURNS[1:2]}]
TASKS = [{"instruction": "add", "input": "a b", "output": "c"}, {"instruction": "go", "output": "d"}]
ASKED = [
    {"prompt": alpaca_prompt(row["instruction"], row.get("input", "")), "completion": row["output"]}
    for row in TASKS
]
SPOKEN, MARKS = {"begins": True, "template": TEMPLATE}, {"begins": True, "template": MARKED}
# the mark that the assistant speaks next is not how a row goes on
OTHERWISE = {"template": TEMPLATE.replace("a {% endif", "a ?{% endif")}
FORMATS = {
    "text": Format(TEXTS),
    "prompts": Format(PROMPTS),
    "prompts learned too": Format(PROMPTS, LossOn(completion_only=False)),
    "a token across the border": Format(PROMPTS[:1] * 2, tokenizer={"merged": ("b ",)}),
    "no token that begins": Format(LONG, tokenizer={}),
    "cut": Format(LONG, max_length=7),
    "alpaca": Format(TASKS, trl_rows=ASKED),
    "messages": Format(TALKS, tokenizer=SPOKEN),
    "the assistant's messages": Format(TALKS, LossOn(assistant_only=True), tokenizer=MARKS),
    "answers": Format(ANSWERS, tokenizer=SPOKEN),
    "answers with what was asked": Format(ANSWERS, LossOn(completion_only=False), tokenizer=SPOKEN),
    "the assistant's answers": Format(ANSWERS, LossOn(assistant_only=True), tokenizer=MARKS),
    "answers otherwise than prompted": Format(ANSWERS, tokenizer=OTHERWISE),
    "answers, cut": Format(ANSWERS, max_length=16, tokenizer=SPOKEN),
}


def rows_of(one: Format, tokenizer: PreTrainedTokenizerBase, folder: Path) -> Rows:
    """The rows of a file, as a task has them."""
    file = folder / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, one.rows)))
    parts = {"training": read_table(file)}
    return tokenised_passages(parts, tokenizer, max_length=one.max_length, loss_on=one.loss_on).rows[
        "training"
    ]


def by_hand(one: Format, tokenizer: PreTrainedTokenizerBase) -> Iterator[tuple[list[int], list[int]]]:
    """Tokens and labels as a plain loop over the rows makes them."""
    for row in one.trl_rows or one.rows:
        mask = None
        if "messages" in row or isinstance(row.get("completion"), list):
            turns = row.get("messages") or row["prompt"] + row["completion"]
            found = tokenizer.apply_chat_template(
                turns, return_dict=True, return_assistant_tokens_mask=one.loss_on.assistant_only
            )
            ids, mask = found["input_ids"], found.get("assistant_masks")
            ahead: list[int] = []
            if "prompt" in row:
                ahead = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True)["input_ids"]
        else:
            ids = tokenizer(row.get("prompt", "") + row.get("completion", row.get("text")))["input_ids"]
            ids.append(tokenizer.eos_token_id)
            ahead = tokenizer(row.get("prompt", ""))["input_ids"]
        start = next((i for i, pair in enumerate(zip(ids, ahead)) if pair[0] != pair[1]), len(ahead))  # noqa: B905
        start = max(1, start) if one.loss_on.completion_only else 1
        labels = [
            token if place >= start and (mask is None or mask[place]) else NO_TARGET
            for place, token in enumerate(ids)
        ]
        ids, labels = ids[: one.max_length], labels[: one.max_length]
        if set(labels) != {NO_TARGET}:
            yield ids, labels


@pytest.fixture
def cohort(tiny_language_model: TinyModel) -> Cohort:
    """Wires of rank 4 at all linears of a tiny Llama, none of them zero."""
    model = tiny_language_model("llama")
    sites = find_sites(model, "lora[all]")
    candidate = Candidate(Allocation.of({site.name: 4 for site in sites}), 0, 3e-3)
    cohort = Cohort(model, sites, CausalLM(), [candidate], Recipe(), slots=1)
    cohort.load(0, candidate)
    noise = torch.randn(cohort.stacked.values.shape, generator=torch.Generator().manual_seed(0))
    cohort.stacked.values.copy_(noise * 0.1)
    return cohort


def loss_and_gradient(cohort: Cohort, rows: Rows) -> tuple[Tensor, Tensor]:
    with cohort.wires.attach(cohort.model):
        loss = cohort.losses([0], rows, [np.arange(len(rows))]).sum()
        return loss.detach(), cohort.stacked.gradient(loss)[0]


def same_gradient(cohort: Cohort, own: Tensor, loss: Tensor, pairs: dict[str, Tensor]) -> None:
    theirs = torch.autograd.grad(loss, [pairs[name] for name in cohort.stacked.leaf])
    torch.testing.assert_close(own, torch.cat([one.flatten() for one in theirs]), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", FORMATS)
def test_it_is_what_transformers_and_peft_make_of_it_in_a_plain_loop(
    name: str, cohort: Cohort, tiny_language_model: TinyModel, tmp_path: Path
) -> None:
    one = FORMATS[name]
    tokenizer = tokenizer_of_letters(**one.tokenizer)
    rows = rows_of(one, tokenizer, tmp_path)
    expected = list(by_hand(one, tokenizer))
    assert [ids.tolist() for ids in rows.input_ids] == [ids for ids, _ in expected]
    assert [ids.tolist() for ids in rows.labels] == [labels for _, labels in expected]
    other = tiny_language_model("llama")
    reference = get_peft_model(other, lora_config(other, cohort))
    pairs, batch = share_weights(reference, cohort), batch_of(cohort.model, rows, range(len(rows)))
    found = reference(**batch.inputs, labels=batch.labels)
    loss, gradient = loss_and_gradient(cohort, rows)
    torch.testing.assert_close(loss, found.loss.detach())
    same_gradient(cohort, gradient, found.loss, pairs)
    with torch.no_grad(), cohort.wires.attach(cohort.model):
        torch.testing.assert_close(cohort.model(**batch.inputs).logits, found.logits, rtol=1e-3, atol=1e-3)


def trl_trainer(
    one: Format, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, cohort: Cohort, folder: Path
) -> Any:
    """TRL's trainer of PEFT's LoRA on the rows; TRL and what it imports warn of what they themselves do."""
    pytest.importorskip("trl")
    datasets = pytest.importorskip("datasets")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from trl import SFTConfig, SFTTrainer

        datasets.disable_progress_bars()
        config = SFTConfig(
            output_dir=str(folder / "trl"),
            use_cpu=True,
            bf16=False,
            report_to="none",
            max_length=one.max_length or 1024,
            completion_only_loss=None if one.loss_on.completion_only else False,
            assistant_only_loss=one.loss_on.assistant_only,
        )
        rows = datasets.Dataset.from_list(one.trl_rows or one.rows)
        lora = lora_config(model, cohort)
        return SFTTrainer(model, config, train_dataset=rows, processing_class=tokenizer, peft_config=lora)


@pytest.mark.parametrize("name", FORMATS)
def test_it_is_what_trl_makes_of_it(
    name: str, cohort: Cohort, tiny_language_model: TinyModel, tmp_path: Path
) -> None:
    """Rows, and the loss of the first step with its gradient; TRL says of the first token that it is learned,
    and drops it later."""
    one = FORMATS[name]
    tokenizer = tokenizer_of_letters(**one.tokenizer)
    rows = rows_of(one, tokenizer, tmp_path)
    trainer = trl_trainer(one, tiny_language_model("llama"), tokenizer, cohort, tmp_path)
    prepared = trainer.train_dataset
    assert [ids.tolist() for ids in rows.input_ids] == prepared["input_ids"][:]
    assert [ids.tolist()[1:] for ids in rows.labels] == [labels[1:] for labels in prepared["labels"][:]]
    assert isinstance(trainer.model, PeftModel)
    pairs = share_weights(trainer.model, cohort)
    batch = trainer.data_collator([prepared[place] for place in range(len(prepared))])
    theirs = trainer.compute_loss(trainer.model, batch)
    loss, gradient = loss_and_gradient(cohort, rows)
    torch.testing.assert_close(loss, theirs.detach())
    same_gradient(cohort, gradient, theirs, pairs)


def test_trl_ends_a_text_twice_where_the_tokenizer_ends_it_itself_and_we_once(
    cohort: Cohort, tiny_language_model: TinyModel, tmp_path: Path
) -> None:
    one = Format(TEXTS, tokenizer={"closes": True})
    tokenizer = tokenizer_of_letters(**one.tokenizer)
    rows = rows_of(one, tokenizer, tmp_path)
    trainer = trl_trainer(one, tiny_language_model("llama"), tokenizer, cohort, tmp_path)
    assert [[*ids, END] for ids in rows.input_ids] == trainer.train_dataset["input_ids"][:]
