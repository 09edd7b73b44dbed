"""What a run's files and folders are called is said in one place."""

from __future__ import annotations

import ast

import pytest

from search.job import run_names
from tests.test_layers import ROOT, sources

NAMES = sorted(getattr(run_names, name) for name in run_names.__all__)


def parts_of_paths(code: str) -> set[str]:
    """Texts behind a ``/``, and private constants, which are a name of one's own for the same."""
    nodes = [*ast.walk(ast.parse(code))]
    values = [node.right for node in nodes if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)]
    values += [node.value for node in nodes if isinstance(node, ast.AnnAssign) and node.value]
    return {one.value for one in values if isinstance(one, ast.Constant) and isinstance(one.value, str)}


@pytest.mark.parametrize("name", NAMES)
def test_no_other_file_spells_one_out(name: str) -> None:
    own = ROOT / "search/job/run_names.py"
    spelt = [path for path in sources(ROOT / "search") if name in parts_of_paths(path.read_text("utf-8"))]
    assert spelt == [own]


@pytest.mark.parametrize("code", ['kept = folder / "logs"', '_LOGS: Final = "logs"'])
def test_the_walk_sees_a_part_of_a_path_and_a_constant(code: str) -> None:
    assert parts_of_paths(code) == {"logs"}
