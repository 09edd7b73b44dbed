from __future__ import annotations

import csv

import pytest

from evaluators.data.corpora.e2e import e2e_pairs, linearised_meaning
from evaluators.data.corpora.registry import CORPORA
from tests.shared_text import shared_text


def test_a_meaning_is_written_as_in_the_files_of_lora_s_program() -> None:
    """The two lines are of data/e2e/test.txt of microsoft/LoRA, their meanings those of E2E's test set."""
    assert linearised_meaning("name[Blue Spice], eatType[coffee shop], area[city centre]") == (
        "name : Blue Spice | Type : coffee shop | area : city centre"
    )
    assert linearised_meaning(
        "name[Blue Spice], eatType[pub], food[Chinese], area[city centre], familyFriendly[no], "
        "near[Rainbow Vegetarian Café]"
    ) == (
        "name : Blue Spice | Type : pub | food : Chinese | area : city centre | family friendly : no | "
        "near : Rainbow Vegetarian Café"
    )


def test_commas_in_a_value_stay() -> None:
    assert linearised_meaning("name[A, B], near[C]") == "name : A, B | near : C"


@pytest.mark.parametrize("meaning", ["", "Alimentum", "name[Alimentum", "name[Alimentum] and more"])
def test_what_is_no_list_of_slots_is_refused(meaning: str) -> None:
    with pytest.raises(ValueError, match="no list of slots"):
        linearised_meaning(meaning)


def test_the_completion_begins_with_a_blank_behind_the_separator() -> None:
    assert list(e2e_pairs({"mr": "name[Cocum]", "ref": "Cocum. ", "fixed": 0})) == [
        ("name : Cocum ||", " Cocum.")
    ]


@pytest.mark.parametrize(("file", "references", "meanings"), [("devel", 4299, 1484), ("test", 4693, 1847)])
def test_the_cleaned_release_has_so_many_references_of_so_many_meanings(
    file: str, references: int, meanings: int
) -> None:
    """References as the card of tuetschek/e2e_nlg_cleaned counts them, meanings as the csv module does."""
    path = shared_text(f"e2e/{file}.csv")
    with path.open(encoding="utf-8", newline="") as lines:
        distinct = {row["mr"] for row in csv.DictReader(lines)}
    passages = CORPORA["e2e"].passages("e2e", path)
    assert len(passages) == references
    assert len(set(passages.prompts)) == meanings == len(distinct)
