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
    with pytest.raises(UsageError, match=r"`task='mrpc'` .* exclude each other, but for .*dart, e2e, gsm8k"):
        load_inputs(ModelSettings(), DataSettings(task="mrpc", **given))
    with pytest.raises(UsageError, match="a named task knows its own"):
        DataSettings(task="e2e", text_columns=("mr",), **given)
