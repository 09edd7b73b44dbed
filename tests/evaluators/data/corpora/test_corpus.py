"""What is laid out otherwise than a corpus' release is one line that says where and how."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evaluators.data.corpora.registry import CORPORA
from evaluators.data.decoding import Decoding
from spaces.errors import InputError, UsageError

E2E = {"mr": "name[Cocum]", "ref": "Cocum."}
TRIPLES = [["a", "b", "c"]]


def written(folder: Path, content: object, name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_text("\n".join(map(json.dumps, content)) if name.endswith("l") else json.dumps(content))
    return path


BAD: dict[str, tuple[str, str, Any, str]] = {
    "a column is missing": ("e2e", "rows.jsonl", [E2E, {"mr": "name[A]"}], r"entry 2 .*mr and ref"),
    "a meaning is none": ("e2e", "rows.jsonl", [{**E2E, "mr": "no slot"}], r"entry 1 .*no list of slots"),
    "a reference is blank": ("e2e", "rows.jsonl", [E2E, {**E2E, "ref": " "}], r"entry 2 has an empty compl"),
    "an answer is a number": ("gsm8k", "rows.jsonl", [{"question": "a", "answer": 1}], "a question and"),
    "no instruction": ("alpaca", "rows.jsonl", [{"instruction": None, "output": "a"}], "instruction is None"),
    "an input is a number": ("alpaca", "rows.jsonl", [{"output": "a", "input": 7}], "input is 7"),
    "no entries": ("webnlg", "dev.json", {"rows": []}, "not laid out as webnlg"),
    "a list of entries": ("webnlg", "dev.json", [1, 2], "not laid out as webnlg"),
    "triples of two": ("dart", "dev.json", [{"tripleset": [["a", "b"]], "annotations": []}], "entry 1 can"),
    "no array": ("dart", "dev.json", {"tripleset": TRIPLES}, "is a JSON dict; give an array"),
    "nothing said": ("dart", "dev.json", [{"tripleset": TRIPLES, "annotations": []}], "1 entry and no compl"),
    "an empty array": ("dart", "dev.json", [], "0 entries and no completion"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "file", "content", "says"), BAD.values(), ids=BAD)
def test_a_file_of_another_layout_is_refused(
    name: str, file: str, content: Any, says: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=says) as error:
        CORPORA[name].passages(name, written(tmp_path, content, file))
    assert "\n" not in str(error.value)
    assert file in str(error.value)


def test_what_is_no_json_or_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dev.json").write_text("[{")
    with pytest.raises(InputError, match=r"dev\.json cannot be read .*the corpus\' own release"):
        CORPORA["dart"].passages("dart", tmp_path / "dev.json")
    with pytest.raises(InputError, match="cannot be read"):
        CORPORA["webnlg"].passages("webnlg", tmp_path / "none.json")
    with pytest.raises(UsageError, match=r"has the extension '\.txt'"):
        CORPORA["e2e"].passages("e2e", tmp_path / "rows.txt")


@pytest.mark.parametrize("name", ["dart", "e2e", "webnlg"])
def test_the_papers_corpora_are_generated_as_lora_s_tables_are(name: str) -> None:
    """beam 10, length penalty 0.8, no 4-gram twice, 64 tokens: examples/NLG/README.md of microsoft/LoRA."""
    assert CORPORA[name].decoding == Decoding(10, 0.8, 4, 64)
    assert "bleu" in CORPORA[name].text_metrics
