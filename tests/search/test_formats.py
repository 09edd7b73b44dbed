"""A language model's rows from the command on: every format trains, and what cannot be is one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from search.cli.run import main
from tests.conftest import TinyModel
from tests.evaluators.data.letters import MARKED, TEMPLATE, tokenizer_of_letters

SMALL = [
    *("--space", "lora[q,v]", "--budget", "r=2", "--epochs", "0.2", "--seeds", "1", "--threads", "1"),
    *("--proposals", "1", "--finalists", "1", "--proxy", "grad_norm", "--quiet"),
]
WORDS = [f"{first}{second}" for first in "abcdef" for second in "ghij"]


def spoken(content: str, role: str = "user") -> dict[str, str]:
    return {"role": role, "content": content}


def talk(word: str) -> list[dict[str, str]]:
    return [spoken(word), spoken(word[::-1], "assistant")]


ROWS: dict[str, list[dict[str, Any]]] = {
    "messages": [{"messages": talk(word)} for word in WORDS],
    "answers": [{"prompt": talk(word)[:1], "completion": talk(word)[1:]} for word in WORDS],
    "alpaca": [{"instruction": word, "input": "", "output": word[::-1]} for word in WORDS],
    "prompts": [{"prompt": word, "completion": word[::-1]} for word in WORDS],
    "texts": [{"text": word} for word in WORDS],
    "labels": [{"text": word, "label": place % 2} for place, word in enumerate(WORDS)],
    "long": [{"prompt": "a" * 60 + word, "completion": "b"} for word in WORDS],
    "unequal": [{"text": "a"}, {"text": "b", "more": "c"}],
    "no answer": [{"messages": talk(word)[:1]} for word in WORDS],
    "strangers": [{"messages": [spoken(word, "human")]} for word in WORDS],
    "empty": [{"prompt": "a", "completion": ""}],
}


@pytest.fixture
def typed(tiny_language_model: TinyModel, tmp_path: Path) -> Any:
    """The options of a run over rows, with a tiny Llama that has a tokenizer of letters."""

    def typed(train: str, test: str | None = None, **tokenizer: Any) -> list[str]:
        folder = tmp_path / "decoder"
        tiny_language_model("llama").save_pretrained(folder)
        tokenizer_of_letters(**{"template": TEMPLATE, **tokenizer}).save_pretrained(folder)
        for name, rows in (("train", train), ("dev", test or train)):
            (tmp_path / f"{name}.json").write_text(json.dumps(ROWS[rows]))
        files = ["--train-file", str(tmp_path / "train.json"), "--eval-file", str(tmp_path / "dev.json")]
        return ["--model", str(folder), *files, *SMALL, "--output", str(tmp_path / "out")]

    return typed


@pytest.mark.parametrize("rows", ["messages", "prompts"])
def test_a_format_is_learned(rows, typed, capsys):
    learned = ["--assistant-only-loss"] if rows == "messages" else ["--no-completion-only-loss"]
    assert main([*typed(rows, template=MARKED), *learned, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["best"]["metric_mean"] > 0


@pytest.mark.parametrize(
    ("rows", "more", "tokenizer", "says"),
    [
        ("empty", [], {}, "1 of 1 row lack a completion"),
        ("long", ["--max-length", "40"], {}, "anything to learn within --max-length 40; raise it"),
        ("no answer", [], {}, "24 of 24 rows lack an answer of the assistant, the first is row 1"),
        ("strangers", [], {}, "the role 'human' is unknown; use one of assistant, developer, system"),
        ("messages", [], {"template": "{{ raise_exception('no') }}"}, "fails on the conversation 'user: "),
        ("messages", [], {"template": None}, "no chat template"),
        ("messages", ["--assistant-only-loss"], {}, "--assistant-only-loss needs a chat template that marks"),
        ("prompts", ["--assistant-only-loss"], {}, "--assistant-only-loss is of conversations"),
        ("prompts", [], {"ends": False}, "neither a pad nor an end-of-text token"),
        ("unequal", [], {}, "one of the items 1 and 2 has 'more' and the other has not"),
        ("prompts", ["--prompt-column", "question"], {}, "no column 'question'; its columns are ['prompt'"),
        ("labels", ["--assistant-only-loss"], {}, "--assistant-only-loss is of a language model's rows, and"),
        ("prompts", ["--objective", "classification"], {}, "no text column can be guessed"),
        ("labels", ["--objective", "auto", "--positive-label", "x"], {}, "accuracy is of no one label"),
    ],
)
def test_what_cannot_be_learned_is_one_line_and_writes_nothing(
    rows, more, tokenizer, says, typed, tmp_path, capsys
):
    assert main([*typed(rows, **tokenizer), *more]) in (1, 2)
    said = capsys.readouterr().err
    assert says in said
    assert said.splitlines()[-1].startswith("error: ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("train", "test", "says"),
    [
        ("prompts", "texts", "training rows are prompts with completions and evaluation rows plain texts"),
        ("messages", "answers", "evaluation rows prompts and completions of messages; give both the same"),
        ("labels", "texts", "one file has labelled texts and the other rows of a language model"),
    ],
)
def test_files_of_two_formats_are_refused(train, test, says, typed, tmp_path, capsys):
    assert main(typed(train, test)) == 1
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
