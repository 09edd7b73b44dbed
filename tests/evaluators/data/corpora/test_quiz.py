from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evaluators.data.corpora.registry import QUIZZES
from spaces.errors import InputError

COPA = {
    "premise": "It fell.",
    "choice1": "I slept.",
    "choice2": "It broke.",
    "question": "effect",
    "label": 1,
}
GOOD: dict[str, tuple[dict[str, Any], str, tuple[str, ...], int]] = {
    "boolq": (
        {"question": "is it", "passage": "It is.", "idx": 0, "label": True},
        "It is.\nQuestion: is it?\nAnswer:",
        (" no", " yes"),
        1,
    ),
    "cb": (
        {"premise": "A", "hypothesis": "B", "label": "neutral", "idx": 0},
        "A\nQuestion: B. True, False, or Neither?\nAnswer:",
        (" True", " False", " Neither"),
        2,
    ),
    "copa": (COPA, "It fell therefore", (" i slept.", " it broke."), 1),
    "rotten_tomatoes": (
        {"text": "fine .", "label": 0},
        "fine .\nQuestion: Is this sentence positive or negative?\nAnswer:",
        (" negative", " positive"),
        0,
    ),
}
BAD: dict[str, tuple[str, dict[str, Any], str]] = {
    "a hidden label": ("copa", {**COPA, "label": -1}, "right=-1 is none of 2 choices"),
    "two choices alike": ("copa", {**COPA, "choice2": "I slept."}, "no two alike"),
    "an empty choice": ("copa", {**COPA, "choice2": ""}, "IndexError"),
    "a question of another kind": ("copa", {**COPA, "question": "why"}, "KeyError: 'why'"),
    "half a label": ("copa", {**COPA, "label": 0.5}, r"label 0\.5 is no whole number"),
    "an unknown word": (
        "cb",
        {"premise": "A", "hypothesis": "B", "label": "maybe"},
        "'maybe' is not in list",
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_file_of_superglue_s_layout_is_asked_as_lm_evaluation_harness_asks(
    name: str, tmp_path: Path
) -> None:
    entry, prompt, choices, right = GOOD[name]
    path = tmp_path / "val.jsonl"
    path.write_text(json.dumps(entry))
    (question,) = QUIZZES[name].questions(name, path).rows
    assert (question.prompt, question.choices, question.right) == (prompt, choices, right)


@pytest.mark.parametrize(("name", "entry", "says"), BAD.values(), ids=BAD)
def test_what_is_no_question_is_one_line_that_says_where(
    name: str, entry: dict[str, Any], says: str, tmp_path: Path
) -> None:
    path = tmp_path / "val.jsonl"
    path.write_text("\n".join(map(json.dumps, [GOOD[name][0], entry])))
    with pytest.raises(InputError, match=rf"entry 2 cannot be read .*{says}") as error:
        QUIZZES[name].questions(name, path)
    assert "\n" not in str(error.value)


NULLS = [
    (name, field) for name, (entry, *_) in GOOD.items() for field in entry if field not in ("label", "idx")
]


@pytest.mark.parametrize(("name", "field"), NULLS)
@pytest.mark.parametrize("value", [None, 7, ["It is."]])
def test_what_is_no_text_is_not_asked_as_if_it_were(
    name: str, field: str, value: object, tmp_path: Path
) -> None:
    entry = GOOD[name][0]
    path = tmp_path / "val.jsonl"
    path.write_text("\n".join(map(json.dumps, [entry, {**entry, field: value}])))
    with pytest.raises(InputError, match="entry 2 cannot be read"):
        QUIZZES[name].questions(name, path)


@pytest.mark.parametrize("written", ["1", "0"])
def test_a_csv_file_has_its_labels_as_text(written: str, tmp_path: Path) -> None:
    path = tmp_path / "val.csv"
    path.write_text(f"text,label\nfine,{written}")
    assert QUIZZES["rotten_tomatoes"].questions("rotten_tomatoes", path).rows[0].right == int(written)
