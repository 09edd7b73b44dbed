"""The card that lies in every adapter's folder: read by the hub and by people, without anybody's paths."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import ModelCard

from evaluators.adapters.adapter_record import AdapterRecord, read_adapter_record
from evaluators.adapters.model_card import model_card, roles_of
from evaluators.adapters.story import Story, Written
from evaluators.base.packing import PACKINGS
from spaces.allocation import Allocation
from spaces.packed import bits_of
from spaces.site import Site, Tap
from tests.evaluators.adapters.test_adapter_config import RECORD

STORY = Story(
    task="e2e/devel",
    budget=200_000,
    verdict="Not shown that any allocation beats uniform: tpe differs by -0.01.",
    measured=(("allocation", "seeds", "loss, 40 validation rows"), ("uniform", "2", "2.5000 ± 0.1000")),
    command="rankscape run --train-file devel.csv",
    written=Written(
        how="text: answers to 4 prompts, greedily",
        scores=(("text", "winner", "uniform"), ("bleu", "31.00", "30.00")),
        samples=(("prompt", "reference", "uniform", "winner"), ("name : Aromi", "Aromi.", "No.", "Aromi")),
    ),
)
LANGUAGE_MODEL = replace(RECORD, base="some/base", architecture="causal_lm", label_names=(), story=STORY)


@pytest.mark.parametrize(
    ("record", "pipeline"), [(RECORD, "text-classification"), (LANGUAGE_MODEL, "text-generation")]
)
def test_the_hub_reads_its_front_matter(record: AdapterRecord, pipeline: str) -> None:
    data = ModelCard(model_card(record, "peft")).data
    assert (data.base_model, data.library_name, data.pipeline_tag) == (record.base, "peft", pipeline)
    assert data.tags == [f"base_model:adapter:{record.base}", "lora", "rankscape"]


def test_ranks_stand_by_block_and_role() -> None:
    ranks = {"layers.0.q": 3, "layers.10.v": 1, "layers.2.q": 2}
    lines = model_card(replace(RECORD, allocation=Allocation.of(ranks)), "peft").splitlines()
    at = lines.index("| rank | q | v |")
    assert lines[at + 2 : at + 5] == ["| layers.0 | 3 |  |", "| layers.2 | 2 |  |", "| layers.10 |  | 1 |"]


def test_a_role_may_have_a_count_and_a_name_may_be_in_no_block() -> None:
    ranks = {"layers.0.dense": 3, "layers.0.dense.2": 2, "layers.0.in2": 1, "odd.one": 4, "alone": 5}
    sites = [
        Site(f"layers.7.{role}", 7, role.partition(".")[0], "lora", 2, 2, Tap("x", "in"), Tap("x", "out"))
        for role in ("dense", "dense.2", "in2")
    ]
    roles = roles_of(sites)
    assert roles == ("dense", "dense.2", "in2")
    card = model_card(replace(RECORD, allocation=Allocation.of(ranks)), "peft", roles=roles)
    assert "| rank | dense | dense.2 | in2 | alone | one |" in card
    assert "| layers.0 | 3 | 2 | 1 |  |  |" in card


def test_roles_come_in_the_order_given_and_the_others_behind() -> None:
    ranks = {"layers.0.q": 3, "layers.0.o": 1, "layers.0.fc1": 2, "layers.0.b": 2}
    text = model_card(replace(RECORD, allocation=Allocation.of(ranks)), "peft", roles=("q", "k", "o", "fc1"))
    assert "| rank | q | o | fc1 | b |" in text
    assert "roles that have no adapter are left out" in text


def test_what_was_measured_and_by_which_command_stands_in_it() -> None:
    text = model_card(LANGUAGE_MODEL, "peft")
    assert "| uniform | 2 | 2.5000 ± 0.1000 |" in text
    assert "```sh\nrankscape run --train-file devel.csv\n```" in text
    assert "Not shown that any allocation beats uniform" in text
    assert "budget: 200,000" in text
    assert "- data: e2e/devel" in text


def test_what_it_writes_stands_beside_what_uniform_writes() -> None:
    after = model_card(LANGUAGE_MODEL, "peft").partition("## What it writes\n\n")[2]
    lines = after.partition("\n\n## How it was made")[0].splitlines()
    assert lines[0] == "text: answers to 4 prompts, greedily"
    assert "| bleu | 31.00 | 30.00 |" in lines
    assert lines[-1] == "| name : Aromi | Aromi. | No. | Aromi |"
    assert "## What it writes" not in model_card(
        replace(LANGUAGE_MODEL, story=replace(STORY, written=None)), "peft"
    )


@pytest.mark.parametrize(
    ("record", "loader", "said"),
    [
        (LANGUAGE_MODEL, "peft", 'base = AutoModelForCausalLM.from_pretrained("some/base")'),
        (LANGUAGE_MODEL, "load_adapter", "attached = load_adapter("),
        (LANGUAGE_MODEL, "transformers", 'model = AutoModelForCausalLM.from_pretrained("path/to/this'),
        (
            RECORD,
            "load_adapter",
            'AutoModelForSequenceClassification.from_pretrained("somewhere", num_labels=2)',
        ),
        (replace(RECORD, label_names=()), "peft", 'from_pretrained("somewhere", num_labels=1)'),
    ],
)
def test_it_says_how_it_is_loaded_in_python_that_compiles(record, loader, said) -> None:
    text = model_card(record, loader)
    code = text.partition("```python\n")[2].partition("```")[0]
    compile(code, "card", "exec")
    assert said in code


@pytest.mark.parametrize("bits", PACKINGS)
@pytest.mark.parametrize("loader", ["peft", "load_adapter"])
@pytest.mark.parametrize("names", [("no", "yes"), ()])
def test_a_base_that_was_packed_is_loaded_so_again_but_for_its_head(
    bits, loader, names, tmp_path, tiny_model
) -> None:
    pytest.importorskip("bitsandbytes")
    tiny_model("roberta", num_labels=len(names) or 1).save_pretrained(tmp_path)
    record = replace(RECORD, label_names=names, base="/x/its-base", base_bits=bits)
    text = model_card(record, loader, head_modules=["classifier"])
    assert f"- base model: packed in {bits} bits" in text
    code = text.partition("python\n")[2].partition("\n``")[0]
    assert max(map(len, code.splitlines())) <= 105
    code = code.replace("path/to/its-base", str(tmp_path)).partition("\nmodel = P")[0].partition("\natt")[0]
    seen: dict[str, Any] = {}
    exec(code, seen)
    model = seen["base" if loader == "peft" else "model"]
    assert bits_of(model) == bits
    assert model.classifier.dense.weight.dtype == torch.float32
    assert not model.roberta.encoder.layer[0].output.dense.weight.is_floating_point()


def test_a_merged_model_is_not_packed() -> None:
    text = model_card(replace(LANGUAGE_MODEL, base_bits=4), "transformers")
    assert "BitsAndBytes" not in text
    assert "- base model: packed in 4 bits" in text


LABELS = [
    ("no", "yes"),
    tuple(map(str, range(40))),
    ("it's", 'say "a"', "b\\n", "{c}", "```", "\x1b[31mred", "\u202egnp.exe", "\U0001f600 à", "long " * 40),
]


@pytest.mark.parametrize("names", LABELS)
def test_who_loads_it_by_peft_gets_the_names_of_the_labels(
    names: tuple[str, ...], tmp_path, tiny_model
) -> None:
    tiny_model("bert", num_labels=len(names)).save_pretrained(tmp_path)
    text = model_card(replace(RECORD, label_names=names, base="/x/its-base"), "peft")
    code = text.partition("python\n")[2].partition("\n``")[0]
    assert max(map(len, code.splitlines())) <= 80
    code = code.replace("path/to/its-base", str(tmp_path)).partition("\nmodel =")[0]
    seen: dict[str, Any] = {}
    exec(code, seen)
    config = seen["base"].config
    assert (config.id2label, config.num_labels) == (dict(enumerate(names)), len(names))
    assert config.label2id == {name: i for i, name in enumerate(names)}


def test_what_only_this_program_loads_is_not_said_to_be_peft_s() -> None:
    assert ModelCard(model_card(LANGUAGE_MODEL, "load_adapter")).data.library_name == "rankscape"
    assert ModelCard(model_card(LANGUAGE_MODEL, "transformers")).data.library_name == "transformers"


def test_a_head_alone_has_no_table_of_ranks_and_is_not_said_to_have_wires_that_peft_refuses() -> None:
    card = model_card(replace(RECORD, allocation=Allocation.of({}), wire_params=0), "load_adapter")
    assert "It has no wire, which PEFT cannot load, and gets no files" in card
    assert "PEFT cannot have all" not in card
    assert "| rank" not in card


@pytest.mark.parametrize("base", ["/home/anna/models/my-llama", "../models/my-llama", "~/models/my-llama"])
def test_of_a_folder_its_own_name_stands_alone(base: str) -> None:
    text = model_card(replace(LANGUAGE_MODEL, base=base), "peft")
    data = ModelCard(text).data
    assert (data.base_model, data.tags) == (None, ["lora", "rankscape"])
    assert "Low-rank adapters for my-llama:" in text
    assert 'from_pretrained("path/to/my-llama")' in text
    assert "# it was a folder" in text
    code = text.partition("```python\n")[2].partition("```")[0]
    assert max(map(len, code.splitlines())) <= 80  # the dashboard would widen its page
    assert "models" not in text.replace("base_model", "").replace("transformers", "")


NASTY = ["<script>x</script>", "a|b\n# title", "`rm`", "---\nlicense: mit", "\x1b[31mred", "\ud800", "[a](b)"]


@pytest.mark.parametrize("nasty", NASTY)
def test_names_mean_nothing_but_themselves(nasty: str) -> None:
    story = replace(
        STORY,
        task=nasty,
        verdict=nasty,
        command=f"x ``` {nasty}",
        measured=((nasty, "b"), (nasty, "1")),
        written=Written(nasty, ((nasty, "b"), (nasty, "1")), ((nasty, nasty), (nasty, nasty))),
    )
    record = replace(LANGUAGE_MODEL, base=nasty, story=story, allocation=Allocation.of({nasty: 1}))
    text = model_card(record, "peft")
    text.encode("utf-8")
    plain = model_card(replace(LANGUAGE_MODEL, allocation=Allocation.of({"x": 1})), "peft")
    assert text.count("\n#") == plain.count("\n#")
    assert len(text.splitlines()) == len(plain.splitlines())
    assert "\x1b" not in text
    data = ModelCard(text).data
    assert data.license is None
    assert len(data.tags) == 3


def test_a_story_of_an_older_version_told_of_no_text(tmp_path: Path) -> None:
    known = json.loads(LANGUAGE_MODEL.to_json())
    del known["story"]["written"]
    (tmp_path / "rankscape.json").write_text(json.dumps(known))
    assert read_adapter_record(tmp_path).story == replace(STORY, written=None)


def test_a_story_comes_back_from_the_record(tmp_path: Path) -> None:
    (tmp_path / "rankscape.json").write_text(LANGUAGE_MODEL.to_json())
    assert read_adapter_record(tmp_path) == LANGUAGE_MODEL
    assert read_adapter_record(tmp_path).story == STORY
