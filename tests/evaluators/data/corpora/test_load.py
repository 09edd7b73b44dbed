"""What comes from the hub is what the corpora's own files hold; the hub itself is never asked here."""

from __future__ import annotations

from typing import Any

import datasets
import pytest

from evaluators.data.corpora.load import load_corpus, load_quiz
from evaluators.data.corpora.registry import CORPORA, QUIZZES
from evaluators.data.demo import demo_tables
from spaces.errors import InputError

TRIPLES = {"mtriple_set": [["Aarhus | leaderName | Jacob_Bundsgaard", "Aarhus | country | Denmark"]]}
LEX = {"comment": ["good", "toFix"], "text": ["One.", "Two."], "lid": ["Id1", "Id2"], "lang": ["", ""]}
ROWS: dict[str, tuple[dict[str, Any], tuple[str, ...], list[tuple[str, str]]]] = {
    "e2e": (
        {"meaning_representation": "name[Cocum], area[riverside]", "human_reference": "Cocum."},
        ("tuetschek/e2e_nlg_cleaned", "None", "refs/convert/parquet"),
        [("name : Cocum | area : riverside ||", " Cocum.")],
    ),
    "dart": (
        {
            "tripleset": [["A", "TYPE", "b"]],
            "annotations": {"source": ["x", "y"], "text": ["A is b.", "It is b."]},
            "subtree_was_extended": False,
        },
        ("Yale-LILY/dart", "None", "refs/convert/parquet"),
        [("A : type : b ||", " A is b."), ("A : type : b ||", " It is b.")],
    ),
    "webnlg": (
        {"modified_triple_sets": TRIPLES, "lex": LEX, "category": "Airport"},
        ("webnlg-challenge/web_nlg", "webnlg_challenge_2017", "refs/convert/parquet"),
        [("Aarhus : leaderName : Jacob_Bundsgaard | Aarhus : country : Denmark ||", " One.")],
    ),
    "gsm8k": (
        {"question": "2 + 2?", "answer": "#### 4"},
        ("openai/gsm8k", "main", "None"),
        [("Question: 2 + 2?\nAnswer:", " #### 4")],
    ),
}


def serve(monkeypatch: pytest.MonkeyPatch, splits: dict[str, list[dict[str, Any]]]) -> list[tuple[str, ...]]:
    """A hub that answers with these splits, and what it was asked."""
    asked: list[tuple[str, ...]] = []

    def load_dataset(dataset: str, config: str | None, *, revision: str | None) -> datasets.DatasetDict:
        asked.append((dataset, str(config), str(revision)))
        return datasets.DatasetDict({name: datasets.Dataset.from_list(rows) for name, rows in splits.items()})

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    return asked


def yes() -> bool:
    return True


@pytest.mark.parametrize("name", ROWS)
def test_a_corpus_on_the_hub_is_read_as_its_files_are(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row, place, expected = ROWS[name]
    asked = serve(monkeypatch, {"train": [row, row], "test": [row]})
    train, report = load_corpus(name, reachable=yes)
    assert asked == [place]
    assert train.whole == expected * 2
    assert report.whole == expected


def test_of_alpaca_a_part_to_report_on_is_cut_and_prompts_stay_on_one_side(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [{"instruction": f"Say {n // 2}.", "input": "", "output": f"{n}"} for n in range(200)]
    asked = serve(monkeypatch, {"train": [*rows, {"instruction": "Say.", "input": "", "output": ""}]})
    train, report = load_corpus("alpaca", reachable=yes)
    assert asked == [("tatsu-lab/alpaca", "None", "None")]
    assert len(train) + len(report) == 200
    assert 0 < len(report) < 40
    assert not set(train.prompts) & set(report.prompts)


def test_a_quiz_on_the_hub_is_judged_on_its_validation_part(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {
        "premise": "It fell.",
        "choice1": "A hit it.",
        "choice2": "B hit it.",
        "question": "cause",
        "label": 1,
    }
    hidden = [{**row, "label": -1}]
    asked = serve(monkeypatch, {"train": [row, row], "validation": [row], "test": hidden})
    train, report = load_quiz("copa", reachable=yes)
    assert asked == [("aps/super_glue", "copa", "None")]
    assert train.answered.whole == [("It fell because", " b hit it.")] * 2
    assert len(report) == 1


def test_the_embedded_sentences_are_questions_with_two_answers() -> None:
    train, test = load_quiz("rotten_tomatoes", reachable=lambda: pytest.fail("the hub was asked"))
    tables = demo_tables()
    assert [len(train), len(test)] == [*map(len, tables)]
    assert [row.right for row in test.rows] == [int(label) for label in tables[1].labels]
    assert test.rows[0].prompt.startswith(tables[1].texts[0][0].strip())


def test_rows_that_are_laid_out_otherwise_and_a_hub_out_of_reach_are_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    serve(monkeypatch, {"train": [{"question": "a"}], "test": [{"question": "a"}]})
    with pytest.raises(InputError, match=r"'dart'`: Yale-LILY/dart is not laid out as it was.*`train_file`"):
        load_corpus("dart", reachable=yes)
    with pytest.raises(InputError, match=r"does not answer; give files with `train_file`"):
        load_quiz("boolq", reachable=lambda: False)


def test_every_corpus_and_quiz_but_the_embedded_one_is_published() -> None:
    assert all(one.published.dataset for one in CORPORA.values())
    assert [name for name, one in QUIZZES.items() if one.published is None] == ["rotten_tomatoes"]
