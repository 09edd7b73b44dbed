"""Only commands know flags: whatever else says something to a user names arguments."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from search.cli.rankscape import COMMANDS
from search.job.option import options_of

ROOT = Path(__file__).parents[3]
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
OF_OTHERS = {"--force-reinstall", "--no-deps", "--scheduler-file"}  # pip's, and Dask's
BARE = re.compile(r"(?<![`\w])([a-z_]+)=['\"]?$")
OPTIONS = {
    one.name
    for command in COMMANDS.values()
    for settings in command.settings
    for one, _ in options_of(settings)
}
DECLARED = {"--from"}  # where a field has another name than its flag
FILES = [
    path
    for package in ("spaces", "proxies", "evaluators", "search")
    for path in sorted((ROOT / package).rglob("*.py"))
    if not path.is_relative_to(ROOT / "search" / "cli")
]


def flags_in(path: Path) -> Iterator[str]:
    """Every flag in a string of a file, docstrings and the parts of f-strings among them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from FLAG.findall(node.value)


@pytest.mark.parametrize("package", ["spaces", "proxies", "evaluators", "search"])
def test_no_string_below_the_commands_has_a_flag_in_it(package):
    found = {
        f"{path.relative_to(ROOT)}: {flag}"
        for path in FILES
        if path.is_relative_to(ROOT / package)
        for flag in flags_in(path)
        if flag not in OF_OTHERS | DECLARED
    }
    assert found == set()


def bare_arguments_in(path: Path) -> Iterator[str]:
    """Every name in a file's errors that has a value and no backticks, so that a command says no flag."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
            "UsageError",
            "InputError",
            "foreign",
        ):
            for text in ast.walk(node):
                if isinstance(text, ast.JoinedStr):
                    for part, value in pairwise(text.values):
                        if isinstance(part, ast.Constant) and isinstance(value, ast.FormattedValue):
                            yield from BARE.findall(str(part.value))


@pytest.mark.parametrize("package", ["spaces", "proxies", "evaluators", "search"])
def test_an_option_with_its_value_stands_in_backticks(package):
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in FILES
        if path.is_relative_to(ROOT / package) and not path.is_relative_to(ROOT / "search" / "methods")
        for name in bare_arguments_in(path)
        if name in OPTIONS
    }
    assert found == set()  # those of search/methods are settings in a method's brackets


def test_a_flag_in_a_string_is_found(tmp_path):
    (tmp_path / "a.py").write_text(
        "'''Reads --lr.'''\nraise ValueError(f'{1} is low; raise --batch-size.')\n"
    )
    assert {*flags_in(tmp_path / "a.py")} == {"--lr", "--batch-size"}
