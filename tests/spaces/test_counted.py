"""A number and its noun agree, and no text of the program writes them in any other way."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from spaces.counted import all_counted, counted

ROOT = Path(__file__).resolve().parents[2]
VERBS = frozenset(  # what may stand after a name
    {
        "as",
        "beats",
        "belongs",
        "besides",
        "compares",
        "costs",
        "does",
        "goes",
        "sends",
        "exists",
        "gives",
        "has",
        "holds",
        "is",
        "lacks",
        "leaves",
        "names",
        "needs",
        "ranks",
        "says",
        "stands",
        "takes",
        "was",
    }
)
WORDS = frozenset({"part", "term.kind", "kinds", "sorted(widths)"})  # values that are no number
NUMBERED = re.compile(
    r"(?:\{\}|%d)(?: (?:different|distinct|finite|training|trainable|token|text|warm-up|whole|CUDA))? "
    r"([a-z]+s)\b"
)


@pytest.mark.parametrize(
    ("count", "nouns", "text"),
    [
        (1, ("seed",), "1 seed"),
        (0, ("seed",), "0 seeds"),
        (1200, ("training row",), "1,200 training rows"),
        (1, ("batch", "batches"), "1 batch"),
        (4, ("batch", "batches"), "4 batches"),
        (1.0, ("epoch",), "1 epoch"),
        (0.5, ("epoch",), "0.5 epochs"),
    ],
)
def test_a_noun_has_an_s_unless_there_is_one_of_it(count, nouns, text):
    assert counted(count, *nouns) == text


def test_all_of_one_is_the_only_one():
    assert all_counted(1, "other site") == "the only other site"
    assert all_counted(1200, "batch", "batches") == "all 1,200 batches"


def templates(path: Path) -> Iterator[tuple[int, str]]:
    """The texts of a module, ``{}`` in place of every value; with their lines."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(map(_part, node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "%d" in node.value:
            yield node.lineno, node.value


def _part(value: ast.expr) -> str:
    if isinstance(value, ast.FormattedValue):
        return "{name}" if ast.unparse(value.value) in WORDS else "{}"
    assert isinstance(value, ast.Constant)
    return str(value.value)


def uncounted(path: Path, root: Path = ROOT) -> list[str]:
    """Numbers before a plural that would be written for one as well."""
    return [
        f"{path.relative_to(root)}:{line}: {match[0]}"
        for line, text in templates(path)
        for match in NUMBERED.finditer(text)
        if match[1] not in VERBS
    ]


def all_of_a_number(path: Path, root: Path = ROOT) -> list[str]:
    """Where ``all 1 site`` would be written: ``all`` before a number with its noun."""
    return [
        f"{path.relative_to(root)}:{node.lineno}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.JoinedStr) and path.stem != "counted"
        for before, value in pairwise(node.values)
        if isinstance(before, ast.Constant) and str(before.value).endswith("all ")
        if isinstance(value, ast.FormattedValue) and "counted(" in ast.unparse(value.value)
    ]


def test_the_search_for_such_texts_finds_them(tmp_path):
    texts = (
        'f"{len(a)} seeds"',
        '"%d of %d batches"',
        'f"{n:,} training rows of {m}"',
        'f"{name} has one seed"',
    )
    (tmp_path / "a.py").write_text("\n".join(texts))
    assert [one.split(": ")[0] for one in uncounted(tmp_path / "a.py", tmp_path)] == [
        "a.py:1",
        "a.py:2",
        "a.py:3",
    ]


def test_the_search_for_all_of_one_finds_it(tmp_path):
    (tmp_path / "a.py").write_text(
        "f\"ahead of all {counted(n, 'site')}\"\nf\"all but {counted(n, 'site')}\""
    )
    assert all_of_a_number(tmp_path / "a.py", tmp_path) == ["a.py:1"]


def test_no_module_writes_a_number_before_a_plural():
    modules = [
        path
        for package in ("spaces", "proxies", "evaluators", "search")
        for path in (ROOT / package).rglob("*.py")
    ]
    assert len(modules) > 100
    assert [one for path in modules for one in uncounted(path)] == []
    assert [one for path in modules for one in all_of_a_number(path)] == []
