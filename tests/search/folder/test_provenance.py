"""What a run read is told by its bytes, and the program by its source."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import Final

import pytest

from evaluators.data.demo import MODEL_NAME
from evaluators.data.text_table import TextTable
from search.folder.provenance import SHOWS_ONLY, Provenance, data_file, inputs_of, source_digest, this_program
from search.job.settings import DataSettings, ModelSettings
from spaces.errors import InputError

ROOT = Path(__file__).parents[3]
PROGRAM = {"its source": "a", "torch": "2.11.0"}


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        ({"a.tsv": {"": "1"}}, {"a.tsv": {"": "1"}}, []),
        ({"a.tsv": {"": "1"}}, {"a.tsv": {"": "2"}}, ["a.tsv changed"]),
        ({"m": {"w": "1", "c": "1"}}, {"m": {"w": "2", "c": "1"}}, ["m/w changed"]),
        ({"m": {"w": "1"}}, {"m": {"w": "1", "index": "1"}}, ["m/index changed"]),
        ({"m": {"w": "1"}}, {"m": {}}, []),
        ({"m": {}}, {"m": {"w": "1"}}, []),
    ],
)
def test_only_what_is_known_to_have_changed_is_a_change(then, now, said):
    assert Provenance(then, PROGRAM).changes_to(Provenance(now, PROGRAM)) == said


def test_the_program_is_its_source_and_its_libraries():
    other = Provenance({}, {"its source": "b", "torch": "2.12.0"})
    assert Provenance({}, PROGRAM).changes_to(other) == [
        "the program changed (its source, torch was 2.11.0 and is 2.12.0)"
    ]


def test_every_source_file_counts(tmp_path):
    package = tmp_path / "package"
    (package / "inner").mkdir(parents=True)
    for name in ("__init__.py", "inner/a.py", "inner/page.html"):
        (package / name).write_text("1")

    def digest():
        return source_digest({"package": package})

    first = digest()
    (package / "inner" / "page.html").write_text("2")
    assert digest() == first
    (package / "inner" / "a.py").write_text("2")
    second = digest()
    (package / "inner" / "a.py").rename(package / "inner" / "b.py")
    assert len({first, second, digest()}) == 3


TELLS: Final = (  # what is shown is made there, of results that have been computed
    "search/compare/pipeline.py",
    "search/mirror/anytime.py",
    "search/mirror/live_page.py",
    "search/mirror/live_plots.py",
    "search/mirror/shown_files.py",
    "search/run/front_files.py",
    "search/run/pipeline.py",
    "search/run/result.py",
    "proxies/site_scores.py",
    "search/cli/run.py",
    "search/study/report.py",
)


def shows_only(path: str) -> bool:
    return any(path == one or path.startswith(f"{one}/") for one in SHOWS_ONLY)


def modules_imported(code: str, package: tuple[str, ...]) -> set[str]:
    """Paths without a suffix that code in a package may import from, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name.replace(".", "/") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = "/".join([*above, *(node.module or "").split(".")]).rstrip("/")
            found |= {base, *(f"{base}/{alias.name}" for alias in node.names)}
    return found


def test_nothing_that_computes_imports_what_only_shows():
    assert all((ROOT / one).exists() for one in SHOWS_ONLY)
    importers = set()
    for package in ("spaces", "proxies", "evaluators", "search"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT)
            imported = modules_imported(path.read_text(encoding="utf-8"), name.parts[:-1])
            if any(shows_only(f"{one}.py") or shows_only(one) for one in imported):
                importers.add(name.as_posix())
    assert {name for name in importers if not shows_only(name)} == set(TELLS)


def test_what_only_shows_may_change(tmp_path):
    search_package = tmp_path / "search"
    (search_package / "run").mkdir(parents=True)
    for name in ("search_sheet.py", "scoring.py"):
        (search_package / "run" / name).write_text("1")

    def digest():
        return source_digest({"search": search_package})

    first = digest()
    (search_package / "run" / "search_sheet.py").write_text("2")
    assert digest() == first
    (search_package / "run" / "scoring.py").write_text("2")
    assert digest() != first


def test_files_and_a_model_s_folder_are_told_by_their_bytes(tmp_path):
    names = ("train.tsv", "dev.tsv", "model/model.safetensors", "model/tokenizer.json")
    (tmp_path / "model").mkdir()
    for name in names:
        (tmp_path / name).write_text(name)
    chosen = (
        ModelSettings(model=str(tmp_path / "model")),
        DataSettings(train_file=tmp_path / "train.tsv", eval_file=tmp_path / "dev.tsv"),
    )
    first = Provenance(inputs_of(*chosen), this_program())
    for name in names:
        os.utime(tmp_path / name)
        assert first.changes_to(Provenance(inputs_of(*chosen), this_program())) == []
        (tmp_path / name).write_text("other")
        now = Provenance(inputs_of(*chosen), this_program())
        assert first.changes_to(now) == [f"{tmp_path / name} changed"]
        (tmp_path / name).write_text(name)


def test_a_pipe_is_not_read_and_not_told(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert data_file(tmp_path / "pipe") == {str(tmp_path / "pipe"): {}}


def test_a_named_task_is_told_by_its_rows_or_not_at_all(tmp_path):
    def tables(name):
        if name == "rte":
            raise InputError("the hub does not answer")
        return TextTable((("a",), ("b",)), ("0", name)), TextTable((("c",),), ("0",))

    model = ModelSettings(model=str(tmp_path))
    one, two, gone = (
        inputs_of(model, DataSettings(task=name), tables_of=tables) for name in ("sst2", "cola", "rte")
    )
    assert one["the task sst2"] != two["the task cola"]
    assert gone["the task rte"] == {}


def test_the_embedded_model_and_task_are_told():
    known = inputs_of(ModelSettings(), DataSettings())
    assert "model.safetensors" in known[MODEL_NAME]
    assert known["the task rotten_tomatoes"]
