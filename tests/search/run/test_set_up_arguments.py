"""Arguments of ``setup``: each is the setting of its name, or says why it cannot be."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest
import torch

from search.job.job_settings import JobSettings
from search.run.set_up import asked_by, setup
from spaces.errors import UsageError

KINDS = tuple(JobSettings.concerns().values())
USUAL = {one.name: one.default for kind in KINDS for one in fields(kind)}
ARGUMENTS = {"train_file": "train", "eval_file": "eval"}
MEANT = {
    "model": (Path("base"), "base"),
    "train": ("a.tsv", Path("a.tsv")),
    "eval": ("b.tsv", Path("b.tsv")),
    "budget": (768, "768"),
    "ranks": ([0, 1], "0,1"),
    "text_columns": ("a", ("a",)),
    "devices": (["cpu", "cpu"], ("cpu", "cpu")),
    "text_metrics": ("bleu", ("bleu",)),
}
"""What may be given otherwise than a setting has it."""


def test_every_setting_is_an_argument_with_its_default():
    arguments = inspect.signature(setup).parameters
    settings = {ARGUMENTS.get(name, name): default for name, default in USUAL.items()}
    assert {name: one.default for name, one in arguments.items() if name != "progress"} == settings


@pytest.mark.parametrize(
    "argument", [one for one in inspect.signature(setup).parameters if one != "progress"]
)
def test_an_argument_reaches_the_setting_of_its_name_and_no_other(argument, monkeypatch):
    for kind in KINDS:
        monkeypatch.setattr(kind, "__post_init__", lambda _: None)  # each alone, with nothing it goes with
    usual = {name: one.default for name, one in inspect.signature(setup).parameters.items()}
    given, meant = MEANT.get(argument, (mine := object(), mine))
    name = {own: one for one, own in ARGUMENTS.items()}.get(argument, argument)
    found = asked_by({**usual, argument: given})
    asked = {one.name: getattr(own, one.name) for own in found.each() for one in fields(own)}
    assert {one: value for one, value in asked.items() if value != USUAL[one]} == {name: meant}
    assert asked.keys() == USUAL.keys()


def test_arguments_reach_their_settings(model_folder, files):
    other = setup(
        model=model_folder,
        train=files / "train.tsv",
        eval=files / "dev.tsv",
        space="lora[q]",
        budget="r=1",
        epochs=0.5,
        batch_size=8,
        lr=0.1,
        seed=3,
        max_length=16,
        train_rows=20,
        scaling="constant",
        cohort_size=3,
        device="cpu",
    )
    job = other.job
    assert (job.recipe.epochs, job.recipe.batch_size, job.learning_rate) == (0.5, 8, 0.1)
    assert (job.seeds, len(job.task.train), job.machine.cohort_size) == ((3, 4, 5), 20, 3)
    assert (job.title, job.recipe.scaling.rule) == ("lora[q]", "constant")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"budget": None}, "`budget=None` is not a positive number of parameters"),
        ({"budget": 1.5}, "`budget=1.5` is not a positive number of parameters"),
        ({"ranks": [0, 1.5]}, "`ranks=[0, 1.5]` are not whole numbers"),
        ({"seeds": "3"}, "`seeds='3'` must be a whole number"),
        ({"space": None}, "`space=None` must be text"),
        ({"dtype": "float16"}, "`dtype=float16` is unknown; choose one of float32, bfloat16"),
        ({"model": torch.nn.Linear(1, 1)}, "`model` is a Linear in memory"),
        ({"model": torch.nn.Linear(1, 1)}, "`search.allocate(model, dataloader, budget=...)`"),
        ({"model": 3}, "`model` is a int; give a path"),
        ({"train": [1], "eval": [1]}, "`train` is a list; give a path"),
        ({"devices": "magic"}, "magic"),
    ],
)
def test_arguments_that_cannot_be_are_refused_with_a_reason(arguments, says):
    with pytest.raises(UsageError, match=re.escape(says)):
        setup(**arguments)


def test_numbers_lists_and_lone_names_stand_for_what_would_be_typed(model_folder, files):
    data = {
        "model": model_folder,
        "train": files / "train.tsv",
        "eval": files / "dev.tsv",
        "space": "lora[q,v]",
    }
    one = setup(**data, budget=768, ranks=[0, 1, 2], text_columns="sentence", devices="cpu")
    asked = one.asked
    assert (asked.space.budget, asked.space.ranks) == ("768", "0,1,2")
    assert (asked.data.text_columns, asked.machine.devices) == (("sentence",), ("cpu",))
    assert (one.budget, one.space.ranks) == (768, (0, 1, 2))
