"""Tests hand in what they replace: none of ours is patched in its place, and no private name is used.

Another library's parts may be replaced in that library itself, which all of its users then see alike.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
OURS: Final = {"spaces", "proxies", "evaluators", "search", "benchmarks", "tests"}
PATCHES: Final = {"setattr", "delattr", "object"}  # of monkeypatch, and mock.patch.object


def is_private(name: object) -> bool:
    return isinstance(name, str) and name.startswith("_") and not name.startswith("__")


def names_of_ours(tree: ast.AST) -> set[str]:
    """Those by which code knows modules of ours and what is in them; with dots where it writes dots."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {one.asname or one.name for one in node.names if one.name.split(".")[0] in OURS}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OURS:
            found |= {one.asname or one.name for one in node.names}
    return found


def reached_into(code: str) -> Iterator[str]:
    """What code uses of ours that is private, and what it patches."""
    tree = ast.parse(code)
    ours = names_of_ours(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OURS:
            yield from (one.name for one in node.names if is_private(one.name))
        elif isinstance(node, ast.Attribute) and is_private(node.attr) and ast.unparse(node.value) in ours:
            yield ast.unparse(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            yield from patched(node.func.attr, node.args, ours)


def patched(method: str, args: list[ast.expr], ours: set[str]) -> Iterator[str]:
    """What of ours a call of this method patches, of a module or a class; and any private name."""
    text = args[0].value if isinstance(args[0], ast.Constant) else None
    if isinstance(text, str) and method in {*PATCHES, "patch"} and text.split(".")[0] in OURS:
        yield text
        return
    name = args[1].value if method in PATCHES and args[1:] and isinstance(args[1], ast.Constant) else None
    if name is not None and (ast.unparse(args[0]) in ours or is_private(name)):
        yield f"{ast.unparse(args[0])}.{name}"


@pytest.mark.parametrize("folder", ["tests", "benchmarks"])
def test_nothing_of_ours_is_patched_and_no_private_name_used(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    assert [
        (path.relative_to(ROOT).as_posix(), name)
        for path in files
        for name in reached_into(path.read_text(encoding="utf-8"))
    ] == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("patch.setattr('evaluators.base.packing.bits_of', no)", ["evaluators.base.packing.bits_of"]),
        ("from evaluators.base import packing\nm.setattr(packing, 'bits_of', no)", ["packing.bits_of"]),
        (
            "import evaluators.base.packing\nm.setattr(evaluators.base.packing, 'a', no)",
            ["evaluators.base.packing.a"],
        ),
        (
            "from evaluators.base.packing import Packing\nm.setattr(Packing, 'answers', no)",
            ["Packing.answers"],
        ),
        ("m.setattr(anything, '_private', no)", ["anything._private"]),
        ("mock.patch('search.run.x')", ["search.run.x"]),
        ("import search\nsearch._homes", ["search._homes"]),
        ("from tests.conftest import _tiny", ["_tiny"]),
        ("import os\nm.setattr(os, 'replace', no)\nm.setattr('transformers.x', no)", []),
        ("class A:\n    def f(self):\n        return self._x", []),
    ],
)
def test_the_walk_sees_every_way_to_patch(code: str, found: list[str]) -> None:
    assert list(reached_into(code)) == found
