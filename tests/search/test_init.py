"""The face of the package: every name works, has an example, and costs nothing before it is used."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import search
from spaces.allocation import Allocation

STUB = Path(search.__file__).with_suffix(".pyi")


def homes() -> dict[str, str | None]:
    """The module of every name, as type checkers are told it."""
    stub = ast.parse(STUB.read_text(encoding="utf-8"))
    return {
        alias.name: node.module
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


@pytest.mark.parametrize("name", search.__all__)
def test_every_name_is_its_home_s_and_has_an_example(name: str) -> None:
    found = getattr(search, name)
    assert found is getattr(import_module(found.__module__), name)
    assert found.__module__ == homes()[name]
    assert ">>> " in (found.__doc__ or "")


def test_type_checkers_and_people_are_told_the_same_names() -> None:
    assert sorted(homes()) == search.__all__
    assert set(search.__all__) <= set(dir(search))


def test_another_name_is_an_attribute_error_that_lists_those_there_are() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'alocate'; it has Allocation, Budget"):
        search.alocate  # noqa: B018
    assert search.Allocation is Allocation


def test_values_cost_no_import_of_torch() -> None:
    code = (
        "import sys, search; search.Allocation, search.Budget, search.SiteScores, search.greedy; "
        "print(sorted({'torch', 'transformers', 'peft', 'optuna'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
