"""Files of a corpus that has a name: its layout, its objective, how it is generated and judged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from evaluators.data.corpora.registry import CORPORA
from evaluators.objectives.causal_lm import CausalLM
from evaluators.objectives.multiple_choice import MultipleChoice
from search.job.inputs import load_inputs, load_training_inputs
from search.job.settings import DataSettings, ModelSettings
from spaces.errors import UsageError


@pytest.fixture
def decoder(tiny_language_model, tmp_path) -> ModelSettings:
    """A tiny Llama with a tokenizer of whole words, most of which it does not know."""
    folder = tmp_path / "decoder"
    tiny_language_model("llama", eos_token_id=0).save_pretrained(folder)
    words = Tokenizer(models.WordLevel({"<end>": 0, "?": 1, "||": 2, "yes": 3, "no": 4}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(tokenizer_object=words, unk_token="?", eos_token="<end>").save_pretrained(folder)
    return ModelSettings(model=str(folder))


def test_files_of_a_corpus_are_read_as_it_is_laid_out_and_judged_as_its_tables(decoder, tmp_path: Path):
    rows = [{"mr": f"name[n{i}], area[riverside]", "ref": f"n{i} is there."} for i in range(30)]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    data = DataSettings(task="e2e", train_file=path, eval_file=path)
    task = load_inputs(decoder, data).task
    assert (task.name, task.objective, task.decoding.beams) == ("e2e", CausalLM(), 10)
    assert task.text_metrics == CORPORA["e2e"].text_metrics
    named = replace(data, task_name="restaurants")
    alone = load_training_inputs(decoder, named, rows=3).task
    assert (alone.name, len(alone.train)) == ("restaurants", 3)


def test_files_beside_a_task_that_is_no_corpus_are_refused_and_so_are_a_corpus_columns(tmp_path):
    given = {"train_file": tmp_path / "train.tsv", "eval_file": tmp_path / "dev.tsv"}
    with pytest.raises(UsageError, match=r"`task='mrpc'` .* exclude each other, but for .*dart, e2e.*copa"):
        load_inputs(ModelSettings(), DataSettings(task="mrpc", **given))
    with pytest.raises(UsageError, match="knows its own"):
        DataSettings(task="e2e", text_columns=("mr",), **given)


COPA = {"premise": "The yes no.", "choice1": "Yes ||", "choice2": "No", "question": "cause", "label": 1}


@pytest.fixture
def copa(tmp_path) -> DataSettings:
    """Two files of questions, of which no two have the same premise."""
    for name, count in (("train", 60), ("val", 20)):
        rows = [{**COPA, "premise": f"The {'yes ' * i} {name}.", "label": i % 2} for i in range(count)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return DataSettings(
        task="copa", train_file=tmp_path / "train.jsonl", eval_file=tmp_path / "val.jsonl", eval_rows=15
    )


def test_questions_are_learned_as_right_choices_and_judged_by_all_of_them(decoder, copa):
    task = load_inputs(decoder, copa).task
    assert (task.name, task.objective, task.prompts) == ("copa", MultipleChoice(), None)
    assert len(task.test) == 15 * 2
    assert all((labels >= 0).any() for labels in task.train.labels)
    assert any("to report on" in note for note in task.notes), task.notes
    alone = load_training_inputs(decoder, copa, rows=4).task
    assert [ids.tolist() for ids in alone.train.input_ids] == [
        ids.tolist() for ids in task.train.input_ids[:4]
    ]


def test_who_learns_the_next_token_is_asked_for_the_right_choice(decoder, copa):
    task = load_inputs(decoder, replace(copa, objective="causal-lm")).task
    assert (task.objective, task.text_metrics) == (CausalLM(), ("exact_match",))
    assert task.prompts is not None
    assert {said for (said,) in task.prompts.references} <= {"yes ||", "no"}


def test_the_embedded_sentences_are_asked_in_words_where_that_is_the_objective(decoder):
    task = load_inputs(decoder, DataSettings(objective="multiple-choice", train_rows=5, eval_rows=4)).task
    assert (task.name, task.objective) == ("rotten_tomatoes", MultipleChoice())
    assert (len(task.train), len(task.test)) == (5, 8)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"task": "mrpc", "objective": "multiple-choice"}, r"choices: boolq, cb, copa, rotten_tomatoes"),
        ({"task": "mrpc", "objective": "causal-lm"}, "is not that of `task=mrpc`, which is classification"),
        ({"task": "e2e", "objective": "multiple-choice"}, "`objective=multiple-choice` is of a `task`"),
        ({"task": "e2e", "objective": "classification"}, "is not that of `task=e2e`, which is causal-lm"),
        ({"task": "copa", "objective": "classification"}, "is for language models and no sequence class"),
        ({"task": "copa", "metric": "loss"}, "`metric=loss` is not for multiple choice"),
        ({"task": "copa", "positive_label": "1"}, "leave `positive_label` out"),
        ({"task": "copa", "assistant_only_loss": True}, "leave `assistant_only_loss` out"),
        ({"task": "e2", "objective": "auto"}, "`task='e2'` is unknown; did you mean e2e?"),
    ],
)
def test_what_does_not_fit_a_named_task_is_refused(decoder, copa, settings, says):
    files = (
        {"train_file": copa.train_file, "eval_file": copa.eval_file} if "copa" in settings.values() else {}
    )
    with pytest.raises(UsageError, match=says):
        load_inputs(decoder, DataSettings(**settings, **files))


def test_questions_are_for_a_language_model(copa):
    with pytest.raises(UsageError, match="name a decoder with `model`"):
        load_inputs(ModelSettings(), copa)
