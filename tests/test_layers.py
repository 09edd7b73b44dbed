"""Imports point one way: spaces <- proxies, evaluators <- search."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
ALLOWED: Final[dict[str, set[str]]] = {
    "spaces": set(),
    "proxies": {"spaces"},
    "evaluators": {"spaces"},
    "search": {"spaces", "proxies", "evaluators"},
}
OURS: Final = {*ALLOWED, "benchmarks", "tests"}


def imported(code: str, package: tuple[str, ...]) -> Iterator[str]:
    """Top-level names that code in a package imports, anywhere: late and TYPE_CHECKING imports too."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            above = package[: len(package) - node.level + 1]
            assert above, f"{package} imports from above itself"
            yield above[0]
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", ALLOWED)
def test_package_imports_only_lower_layers(package: str) -> None:
    files = sorted(path for path in (ROOT / package).rglob("*.py") if path.name != "__main__.py")
    assert files  # those left out start the commands, which stand above everything
    reached = {
        (name, path.name)
        for path in files
        for name in imported(path.read_text(encoding="utf-8"), path.relative_to(ROOT).parts[:-1])
    }
    assert {(name, file) for name, file in reached if name in OURS - {package} - ALLOWED[package]} == set()


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import search.run as run", {"search"}),
        ("def f():\n    from search import run", {"search"}),
        ("if TYPE_CHECKING:\n    from search.run import main", {"search"}),
        ("from .site import Site\nfrom . import site", {"spaces"}),
    ],
)
def test_the_walk_sees_every_way_to_import(code: str, found: set[str]) -> None:
    assert set(imported(code, ("spaces",))) == found


def test_every_module_is_named_after_what_it_knows() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "misc", "other"}
    files = [path for folder in OURS for path in (ROOT / folder).rglob("*.py")]
    names = {(path, part) for path in files for part in path.relative_to(ROOT).with_suffix("").parts}
    assert {path for path, name in names if name in vague} == set()


@pytest.mark.parametrize("package", ["spaces", "search"])
def test_importing_a_package_does_not_import_torch(package: str) -> None:
    heavy = "{'torch', 'transformers', 'datasets', 'peft'}"
    code = f"import sys, {package}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
