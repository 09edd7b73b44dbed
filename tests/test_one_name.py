"""A name says one thing: no two classes share one, nor do two public functions or constants."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping

import pytest

from tests.test_layers import ALLOWED, ROOT, sources


def named_in(code: str) -> Iterator[str]:
    """Every class, private and nested ones too, and the module's public functions, constants and types."""
    tree = ast.parse(code)
    yield from (node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield from public(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                yield from public(target.id) if isinstance(target, ast.Name) else ()


def public(name: str) -> list[str]:
    return [] if name.startswith("_") else [name]


def homes_of_names() -> Mapping[str, list[str]]:
    """The files that define each name."""
    homes: dict[str, list[str]] = defaultdict(list)
    for package in ALLOWED:
        for path in sources(ROOT / package):
            for name in set(named_in(path.read_text(encoding="utf-8"))):
                homes[name].append(path.relative_to(ROOT).as_posix())
    return homes


def test_no_two_files_define_one_name() -> None:
    homes = homes_of_names()  # every command has its own main
    assert {name: files for name, files in homes.items() if len(files) > 1 and name != "main"} == {}


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("class A:\n    class B: ...", {"A", "B"}),
        ("class _Run: ...", {"_Run"}),
        ("def f(): ...\ndef _g(): ...", {"f"}),
        ('T = TypeVar("T")\nX: Final = 1\n_Y = 2', {"T", "X"}),
    ],
)
def test_the_walk_sees_every_kind_of_name(code: str, names: set[str]) -> None:
    assert set(named_in(code)) == names
