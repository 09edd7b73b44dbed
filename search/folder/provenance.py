"""What a run's results stand on besides its options: the bytes of its data and model, and the program."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import astuple, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from evaluators.base.content_digest import file_digest, model_digests
from evaluators.data.named_tasks import load_glue
from evaluators.data.text_table import TextTable
from search.job.named_models import model_place, model_title
from search.job.row_source import DEMO_TASK, row_source
from search.job.settings import DataSettings, ModelSettings, ObjectiveName
from spaces.errors import InputError

__all__ = ["Digests", "Provenance", "data_file", "inputs_of", "source_digest", "this_program"]

_PACKAGES: Final = ("spaces", "proxies", "evaluators", "search")
_LIBRARIES: Final = (
    "torch",
    "transformers",
    "tokenizers",
    "numpy",
    "scipy",
    "scikit-learn",
    "optuna",
    "peft",
)
SHOWS_ONLY: Final = (
    "search/compare/leaderboard_plot.py",
    "search/compare/leaderboard_table.py",
    "search/compare/maps.py",
    "search/run/finalists_plot.py",
    "search/run/search_sheet.py",
    "search/show/anytime_plot.py",
    "search/show/difference_plot.py",
    "search/show/forest_plot.py",
    "search/show/front_plot.py",
    "search/show/heat_map.py",
    "search/show/html_page.py",
    "search/show/rank_map.py",
    "search/show/regret_plot.py",
    "search/show/rung_plot.py",
    "search/show/scatter_plots.py",
    "search/study/display",
    "spaces/show/picture.py",
    "spaces/show/score_maps.py",
    "spaces/show/site_grid.py",
)
"""Files and folders that show what was found and decide nothing of it; a test holds what computes to that."""

_SOURCE: Final = "its source"

_Tables = Callable[[str], tuple[TextTable, TextTable]]

Digests = Mapping[str, str]
"""By part: a model's by file; of what has no parts, that of the whole under the empty name."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """inputs: by what was read. program: what it was read by, its libraries' versions among it.

    An input without digests could not be told: it is a pipe, or a hub that does not answer has it.
    """

    inputs: Mapping[str, Digests]
    program: Digests

    def changes_to(self, now: Provenance) -> list[str]:
        """What is known to be no longer as it was, in words."""
        changes = []
        for name in sorted(self.inputs.keys() & now.inputs.keys()):
            old, new = self.inputs[name], now.inputs[name]
            if old and new:
                parts = sorted(part for part in old.keys() | new.keys() if old.get(part) != new.get(part))
                changes += [f"{name}/{part} changed" if part else f"{name} changed" for part in parts]
        libraries = [
            f"{name} was {self.program.get(name)} and is {now.program.get(name)}"
            for name in sorted(self.program.keys() | now.program.keys())
            if name != _SOURCE and self.program.get(name) != now.program.get(name)
        ]
        source = [_SOURCE] if self.program.get(_SOURCE) != now.program.get(_SOURCE) else []
        if source or libraries:
            changes.append(f"the program changed ({', '.join([*source, *libraries])})")
        return changes

    def models(self) -> Provenance:
        """Of the models alone, which have files; data is a whole."""
        inputs = {name: digests for name, digests in self.inputs.items() if digests.keys() - {""}}
        return Provenance(inputs, self.program)

    def untold(self) -> list[str]:
        """The inputs that could not be told."""
        return sorted(name for name, digests in self.inputs.items() if not digests)

    def completed_by(self, now: Provenance) -> Provenance:
        """The same, with what could not be told before."""
        known = {name: digests for name, digests in self.inputs.items() if digests}
        return Provenance({**now.inputs, **known}, self.program)


def inputs_of(
    model: ModelSettings,
    data: DataSettings,
    *,
    tables_of: _Tables = load_glue,
) -> dict[str, Digests]:
    """Of the model and the data that settings name. tables_of: gives those of a named task."""
    if data.train_file is None or data.eval_file is None:
        rows = _named_task(data, tables_of)
    else:
        rows = {**data_file(data.train_file), **data_file(data.eval_file)}
    return {**rows, **_model_files(model.model)}


def data_file(path: Path) -> dict[str, Digests]:
    """Of a file's bytes; untold where it is none that can be read twice."""
    return {str(path): {"": file_digest(path)} if path.is_file() else {}}


def _model_files(name: str | None) -> dict[str, Digests]:
    """Of a folder or a name on the hub; of the embedded model where it is None."""
    return {model_title(name): model_digests(model_place(name))}


def _named_task(data: DataSettings, tables_of: _Tables) -> dict[str, Digests]:
    """Of a named task's rows; untold where they cannot be had now."""
    what = f"the task {data.task or DEMO_TASK}"
    try:
        return {what: {"": _rows_digest(data.task, data.objective, tables_of)}}
    except InputError:
        return {what: {}}


@cache
def _rows_digest(task: str | None, objective: ObjectiveName, tables_of: _Tables) -> str:
    """SHA-256 of a named task's rows, which are read once: a run looks at them many times."""
    digest = hashlib.sha256()
    for rows in row_source(DataSettings(task=task, objective=objective), tables_of).both():
        digest.update(json.dumps(astuple(rows)).encode())
    return digest.hexdigest()


@cache
def this_program() -> Digests:
    """Digests of this program's source files, but ``SHOWS_ONLY``, and the versions of what computes for it.

    All others: no list of those that decide a result would stay true, and where one is missed the result of
    another program is given under this one's name. What is refused in vain costs a run.
    """
    source = source_digest({package: files(package) for package in _PACKAGES})
    return {_SOURCE: source, **{name: _version(name) for name in _LIBRARIES}}


def source_digest(packages: Mapping[str, Traversable]) -> str:
    """SHA-256 of the names and contents of the Python and TOML files of packages, but ``SHOWS_ONLY``."""
    digest = hashlib.sha256()
    for package, folder in packages.items():
        for name, source in _sources(folder, package):
            digest.update(f"{name} {hashlib.sha256(source).hexdigest()}\n".encode())
    return digest.hexdigest()


def _sources(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    """The Python and TOML files in a package and below, in the order of their names."""
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        inner = f"{name}/{entry.name}"
        if inner in SHOWS_ONLY:
            continue
        if entry.is_dir():
            yield from _sources(entry, inner)
        elif entry.name.endswith((".py", ".toml")):
            yield inner, entry.read_bytes()


def _version(name: str) -> str:
    try:
        return version(name).partition("+")[0]  # what it was built for is the machine's affair
    except PackageNotFoundError:
        return "absent"
