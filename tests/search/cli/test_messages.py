"""Only commands know flags: whatever else says something to a user names arguments."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
OF_OTHERS = {"--force-reinstall", "--no-deps"}  # pip's
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


def test_a_flag_in_a_string_is_found(tmp_path):
    (tmp_path / "a.py").write_text(
        "'''Reads --lr.'''\nraise ValueError(f'{1} is low; raise --batch-size.')\n"
    )
    assert {*flags_in(tmp_path / "a.py")} == {"--lr", "--batch-size"}
