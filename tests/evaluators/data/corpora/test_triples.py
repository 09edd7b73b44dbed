from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evaluators.data.corpora.registry import CORPORA
from evaluators.data.corpora.triples import dart_pairs, linearised_triples, webnlg_entries, webnlg_pairs
from tests.shared_text import shared_text


def webnlg(*lexicalisations: tuple[str, str]) -> dict[str, Any]:
    """An entry of the release with these texts and comments."""
    triple = {"subject": "Aarhus", "property": "leaderName", "object": "Jacob_Bundsgaard"}
    other = {"subject": "Aarhus", "property": "country", "object": "Denmark"}
    said = [{"lex": text, "comment": comment, "lang": ""} for text, comment in lexicalisations]
    return {"modifiedtripleset": [triple, other], "lexicalisations": said, "category": "Airport"}


def test_good_lexicalisations_share_the_prompt_of_lora_s_program() -> None:
    prompt = "Aarhus : leaderName : Jacob_Bundsgaard | Aarhus : country : Denmark ||"
    entry = webnlg(("One.", "good"), ("Two.", "toFix"), (" Three. ", "good"))
    assert list(webnlg_pairs(entry)) == [(prompt, " One."), (prompt, " Three.")]


def test_an_entry_stands_under_its_own_number() -> None:
    assert webnlg_entries({"entries": [{"1": {"a": 1}}, {"2": {"a": 2}}]}) == [{"a": 1}, {"a": 2}]


def test_dart_s_predicates_are_in_lower_case_and_every_annotation_is_a_row() -> None:
    entry = {
        "tripleset": [["Mars Hill College", "JOINED", "1973"]],
        "annotations": [{"source": "a", "text": "It joined."}, {"source": "b", "text": "In 1973."}],
    }
    prompt = "Mars Hill College : joined : 1973 ||"
    assert list(dart_pairs(entry)) == [(prompt, " It joined."), (prompt, " In 1973.")]


@pytest.mark.parametrize("triples", [[], [("a", "b")], [("a", "b", "c", "d")]])
def test_what_is_no_triple_is_refused(triples: list[tuple[str, ...]]) -> None:
    with pytest.raises(ValueError, match=r"unpack|no triple"):
        linearised_triples(triples)


def test_webnlg_s_dev_part_has_so_many_references_of_so_many_meanings() -> None:
    """872 entries with 2,268 lexicalisations; ten are to be mended, one entry's only one among them. Two
    entries have the same triples in the same order."""
    path = shared_text("webnlg/dev.json")
    passages = CORPORA["webnlg"].passages("webnlg", path)
    assert len(json.loads(path.read_text("utf-8"))["entries"]) == 872
    assert len(passages) == 2258
    assert len(set(passages.prompts)) == 870


def test_dart_s_dev_part_has_so_many_references_of_so_many_meanings() -> None:
    """2,768 sets of triples with 6,980 texts, as DART's paper counts them (arXiv:2007.02871, table 2)."""
    path = shared_text("dart/dev.json")
    passages = CORPORA["dart"].passages("dart", path)
    assert len(json.loads(path.read_text("utf-8"))) == 2768
    assert len(passages) == 6980
    assert len(set(passages.prompts)) == 2721


def test_references_of_one_meaning_are_neighbours(tmp_path: Path) -> None:
    path = tmp_path / "dev.json"
    path.write_text(json.dumps({"entries": [{"1": webnlg(("One.", "good"), ("Two.", "good"))}]}))
    passages = CORPORA["webnlg"].passages("webnlg", path)
    assert passages.completions == (" One.", " Two.")
    assert passages.prompts[0] == passages.prompts[1]
