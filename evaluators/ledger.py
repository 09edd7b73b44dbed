"""Finished candidates on disk, so that an interrupted run goes on where it was."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from spaces.allocation import Allocation

from .base_model import ModelSource
from .candidate import Candidate, Course, Evaluation, Recipe, Trained
from .memory import OUT_OF_MEMORY, WORKER_DIED
from .task import ReportOn, Task
from .whole_file import whole_file

__all__ = ["Ledger", "fingerprint"]


def fingerprint(
    source: ModelSource,
    task: Task,
    recipe: Recipe,
    how: str = "None",
    report_on: ReportOn = "validation",
) -> str:
    """A digest of everything but the candidate that decides what training gives.

    how: the repr of the gate policy, or of another trainer.
    """
    settings = [asdict(source), asdict(recipe), task.name, task.metric, how, report_on]
    digest = hashlib.sha256(json.dumps(settings).encode())
    for file in sorted(Path(source.path_or_name).glob("*.safetensors")):  # none where it is a name on the hub
        digest.update(f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}".encode())
    for rows in (task.train, task.validation, *([task.test] if report_on == "test" else [])):
        digest.update(rows.labels.tobytes())
        for row in (*rows.input_ids, *(rows.token_type_ids or ())):
            digest.update(len(row).to_bytes(4, "little") + row.tobytes())
    return digest.hexdigest()


class Ledger:
    """One JSON file and one safetensors file per finished candidate, both whole or absent."""

    def __init__(self, folder: Path, context: str) -> None:
        """context: a ``fingerprint``; candidates finished under another one are not found."""
        self._folder, self._context = folder, context

    def find(self, candidate: Candidate) -> Trained | None:
        """What training this candidate gave, or None where it has not finished yet."""
        path = self._path(candidate)
        if not path.exists():
            return None
        fields = json.loads(path.read_text())
        course = fields.pop("course")
        evaluation = Evaluation(**{**fields, "candidate": candidate, "curve": tuple(fields["curve"])})
        tensors = path.with_suffix(".safetensors")
        return Trained(
            evaluation, load_file(tensors) if tensors.exists() else {}, _course(course) if course else None
        )

    def record(self, trained: Trained) -> None:
        """Writes one finished candidate: tensors first, so that its JSON file means both are there.

        One that memory did not suffice for, or may not have, is not written: it may fit the next time.
        """
        if (trained.evaluation.failure or "").startswith((OUT_OF_MEMORY, WORKER_DIED)):
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(trained.evaluation.candidate)
        if trained.tensors:
            with whole_file(path.with_suffix(".safetensors")) as unfinished:
                save_file(trained.tensors, unfinished)
        with whole_file(path) as unfinished:
            course = trained.course and asdict(trained.course)
            unfinished.write_text(json.dumps({**asdict(trained.evaluation), "course": course}))

    def _path(self, candidate: Candidate) -> Path:
        key = json.dumps(
            [self._context, _plain(candidate.allocation), candidate.seed, candidate.learning_rate]
        )
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"


def _course(fields: dict[str, Any]) -> Course:
    """What ``asdict`` made plain, a course again."""
    history = tuple((step, _allocation(ranks)) for step, ranks in fields["history"])
    allocation = _allocation(fields["allocation"])
    adapter = fields.get("adapter", True)  # absent from what older versions wrote
    return Course(allocation, fields["peak"], fields["average"], fields["end"], history, adapter)


def _allocation(fields: dict[str, Any]) -> Allocation:
    return Allocation.of(dict(fields["ranks"]))


def _plain(allocation: Allocation) -> list[list[object]]:
    return [[name, rank] for name, rank in allocation.ranks]
