"""Imports point one way: spaces <- proxies, evaluators <- search, and so do rooms (DESIGN, section 3)."""

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
_LOWEST: Final = {"statistics", "allocation", "show"}
_BEFORE: Final = {*_LOWEST, "sampling", "job"}
WITHIN_SEARCH: Final[dict[str, set[str]]] = {
    "statistics": set(),
    "allocation": set(),
    "show": {"statistics"},
    "job": {*_LOWEST},
    "sampling": {*_LOWEST, "job"},
    "methods": _BEFORE,
    "storage": _BEFORE,
    "folder": {*_BEFORE, "storage"},
    "live": _BEFORE,
    "mirror": {*_BEFORE, "folder", "live", "storage"},
    "shared": {*_BEFORE, "live", "storage"},
    "run": {*_BEFORE, "methods", "folder", "live", "storage", "mirror", "shared"},
    "study": {*_BEFORE, "mirror", "run"},
    "compare": {*_BEFORE, "methods", "storage", "mirror", "run"},
    "cli": {*_BEFORE, "methods", "folder", "live", "storage", "mirror", "shared", "run", "study", "compare"},
}
_DATA: Final = {"base", "metrics", "objectives", "data"}
WITHIN_EVALUATORS: Final[dict[str, set[str]]] = {
    "base": set(),
    "metrics": set(),
    "objectives": {"base", "metrics"},
    "data": {"base", "metrics", "objectives"},
    "training": _DATA,
    "store": {*_DATA, "training"},
    "adapters": {*_DATA, "training", "store"},
    "generation": {*_DATA, "training", "store"},
    "executors": {*_DATA, "training", "store", "generation"},
}
ORDERS: Final = {"search": WITHIN_SEARCH, "evaluators": WITHIN_EVALUATORS}
LONGEST_FILE, LONGEST_FUNCTION = 300, 40


def imported(code: str, package: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """What code in a package imports, anywhere, as paths: late and TYPE_CHECKING imports too.

    Of ``from package import name`` both, since the name may be a module.
    """
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            assert above or not node.level, f"{package} imports from above itself"
            module = (*above, *(node.module.split(".") if node.module else ()))
            yield from ((*module, alias.name) for alias in node.names)


def sources(folder: Path) -> list[Path]:
    """The Python files of a folder and below, but those that start commands, which stand above everything."""
    files = sorted(path for path in folder.rglob("*.py") if path.name != "__main__.py")
    assert files
    return files


def imports_of(path: Path) -> set[tuple[str, ...]]:
    return set(imported(path.read_text(encoding="utf-8"), path.relative_to(ROOT).parts[:-1]))


@pytest.mark.parametrize("package", ALLOWED)
def test_package_imports_only_lower_layers(package: str) -> None:
    reached = {(name[0], path.name) for path in sources(ROOT / package) for name in imports_of(path)}
    assert {(name, file) for name, file in reached if name in OURS - {package} - ALLOWED[package]} == set()


@pytest.mark.parametrize(("package", "room"), [(name, room) for name in ORDERS for room in ORDERS[name]])
def test_within_a_package_a_room_imports_only_lower_ones(package: str, room: str) -> None:
    reached = {
        (name[1], path.name)
        for path in sources(ROOT / package / room)
        for name in imports_of(path)
        if name[0] == package and len(name) > 1
    }
    allowed = {room, *ORDERS[package][room]}
    assert {(name, file) for name, file in reached if name not in allowed} == set()


@pytest.mark.parametrize("package", ORDERS)
def test_every_room_has_its_place_in_the_order_and_no_two_need_each_other(package: str) -> None:
    order = ORDERS[package]
    assert {path.parent.name for path in (ROOT / package).glob("*/__init__.py")} == order.keys()
    before: set[str] = set()
    for room, lower in order.items():
        assert lower <= before
        before.add(room)


def test_only_the_commands_know_argparse() -> None:
    """Nor flags: tests/search/cli/test_messages.py."""
    knowing = {
        path.relative_to(ROOT).as_posix()
        for package in ALLOWED
        for path in sources(ROOT / package)
        if any(name[0] == "argparse" for name in imports_of(path))
    }
    assert {path for path in knowing if not path.startswith("search/cli/")} == set()


def lines_of_code(function: ast.FunctionDef) -> int:
    """Of its body, without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return function.end_lineno - body[0].lineno + 1 if body and function.end_lineno else 0


@pytest.mark.parametrize("folder", sorted(OURS))
def test_no_file_is_long_and_no_function_either(folder: str) -> None:
    long = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
        long += [path.name] * (len(text.splitlines()) > LONGEST_FILE)
        long += [f"{path.name}: {one.name}" for one in functions if lines_of_code(one) > LONGEST_FUNCTION]
    assert long == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import search.run as run", {("search", "run")}),
        ("def f():\n    from search import run", {("search", "run")}),
        ("if TYPE_CHECKING:\n    from search.cli.run import main", {("search", "cli", "run", "main")}),
        ("from .site import Site\nfrom . import site", {("spaces", "site", "Site"), ("spaces", "site")}),
    ],
)
def test_the_walk_sees_every_way_to_import(code: str, found: set[tuple[str, ...]]) -> None:
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
