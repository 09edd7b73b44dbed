"""Drivers of one search that were not given the same are told what differs, with both values."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from search.folder.folder_record import FolderRecord
from search.folder.provenance import Provenance
from search.run.alike import check_alike, settled
from search.run.settings import SEARCH_MAY_GROW
from spaces.errors import UsageError

OWN = FolderRecord(
    "search.run",
    {"lr": 0.01, "lrs": [0.001, 0.01], "at_once": None, "space": "lora[q]"},
    Provenance(
        {"dev.tsv": {"": "a"}, "tiny": {"model.safetensors": "b"}}, {"torch": "2.9", "its source": "c"}
    ),
    growing=SEARCH_MAY_GROW,
)


def refusal(other: FolderRecord) -> str:
    """What a driver is told where ``OWN`` began the search."""
    with pytest.raises(UsageError) as refused:
        check_alike(json.loads(json.dumps(settled(OWN))), other)
    return str(refused.value)


def test_those_that_are_alike_may_share():
    check_alike(json.loads(json.dumps(settled(OWN))), replace(OWN, files={"result.json": "d"}))


@pytest.mark.parametrize("name", SEARCH_MAY_GROW)
def test_so_may_those_that_differ_in_what_may_change_when_one_goes_on(name):
    one, other = (replace(OWN, options={**OWN.options, name: value}) for value in (1, 2))
    check_alike(json.loads(json.dumps(settled(one))), other)
    check_alike(json.loads(json.dumps(settled(OWN))), other)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"lr": 0.02}, "`lr=0.02` here, `lr=0.01` there"),
        ({"lrs": [0.001]}, "`lrs=0.001` here, `lrs=0.001,0.01` there"),
        ({"lrs": None}, "no `lrs` here, `lrs=0.001,0.01` there"),
        ({"at_once": 4, "lr": 1.0}, "`at_once=4` here, no `at_once` there; `lr=1.0` here, `lr=0.01` there"),
    ],
)
def test_every_option_that_differs_is_named_with_both_values(other, said):
    assert f"program: {said}; start all" in refusal(replace(OWN, options={**OWN.options, **other}))


@pytest.mark.parametrize(
    ("inputs", "program", "said"),
    [
        ({"dev.tsv": {"": "x"}}, {}, "dev.tsv changed"),
        ({"tiny": {"model.safetensors": "x"}}, {}, "tiny/model.safetensors changed"),
        ({"dev.tsv": {}}, {}, "data or a model that cannot be told"),
        ({}, {"torch": "3.0"}, "the program changed (torch was 2.9 and is 3.0)"),
    ],
)
def test_so_are_data_model_and_program(inputs, program, said):
    known = OWN.provenance
    other = Provenance({**known.inputs, **inputs}, {**known.program, **program})
    assert f"program: {said}; start all" in refusal(replace(OWN, provenance=other))
