"""Finished candidates on disk, so that an interrupted run goes on where it was."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

from evaluators.base.base_model import ModelSource
from evaluators.base.content_digest import model_digests
from evaluators.base.description import described
from evaluators.data.task import ReportOn, Task
from evaluators.training.candidate import Course, Evaluation, Recipe, Trained
from evaluators.training.leg import Leg
from spaces.allocation import Allocation

from .sealed_json import DamagedFileError, read_sealed, write_sealed
from .whole_file import whole_file

__all__ = ["Ledger", "fingerprint"]

_log = logging.getLogger(__name__)


def fingerprint(
    source: ModelSource,
    task: Task,
    recipe: Recipe,
    how: object = None,
    report_on: ReportOn = "validation",
) -> str:
    """A digest of everything but the candidate that decides what training gives.

    The same for a copy of the model elsewhere, as its files are told by their bytes, and not by their place
    where they can be read; and while the program grows, as ``described`` tells it.

    Args:
        source: the model. A name on the hub of which nothing is cached is told by that name.
        task: its rows and its objective; the test rows where they are reported on.
        recipe: how every candidate is trained.
        how: the gate policy, or another trainer with what it trains at: values that can be ``described``.
        report_on: the rows that metric and loss are of.
    """
    model = model_digests(source.path_or_name)
    placed = replace(source, path_or_name="") if model else source
    settings = [described(one) for one in (placed, model, recipe, task.objective, how, report_on)]
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for rows in (task.train, task.validation, *([task.test] if report_on == "test" else [])):
        tokens = rows.labels if isinstance(rows.labels, tuple) else ()
        digest.update(b"" if isinstance(rows.labels, tuple) else rows.labels.tobytes())
        for row in (*rows.input_ids, *(rows.token_type_ids or ()), *tokens):
            digest.update(len(row).to_bytes(4, "little") + row.tobytes())
    return digest.hexdigest()


class Ledger:
    """One JSON file and one safetensors file per finished candidate, both whole or absent.

    The JSON file carries a checksum, whose it is and the checksum of the tensors, so that files that were
    cut short, changed or swapped are not taken for what they were.
    """

    def __init__(self, folder: Path, context: str) -> None:
        """context: a ``fingerprint``; candidates finished under another one are not found."""
        self._folder, self._context = folder, context

    def find(self, leg: Leg) -> Trained | None:
        """What training gave by the end of this leg, or None where that is not known.

        None as well, with a log line that names the file, where what was recorded is damaged.
        """
        key = self._key(leg)
        path = self._path(key)
        if not path.exists():
            return None
        try:
            fields = read_sealed(path)
            if fields.pop("of", None) != key:
                raise DamagedFileError(f"{path} is of another candidate")
            tensors = _read_tensors(path.with_suffix(".safetensors"), fields.pop("tensors"))
        except DamagedFileError as error:
            _log.warning("%s; its candidate is trained again", error)
            return None
        course, answers = fields.pop("course"), fields.pop("answers", None)
        beside = tuple((name, value) for name, value in fields.pop("beside", ()))  # absent from older files
        known = {**fields, "candidate": leg.candidate, "curve": tuple(fields["curve"]), "beside": beside}
        said = None if answers is None else tuple(answers)
        return Trained(Evaluation(**known), tensors, _course(course) if course else None, said)

    def record(self, leg: Leg, trained: Trained) -> None:
        """Writes what came of a leg: tensors first, so that its JSON file means both are there.

        A failure that may pass is not written: it may fit the next time.
        """
        if trained.evaluation.may_pass:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        key = self._key(leg)
        path, tensors = self._path(key), None
        if trained.tensors:
            content = save(trained.tensors)
            tensors = hashlib.sha256(content).hexdigest()
            with whole_file(path.with_suffix(".safetensors")) as unfinished:
                unfinished.write_bytes(content)
        course = trained.course and asdict(trained.course)
        said = {} if trained.answers is None else {"answers": list(trained.answers)}
        evaluation = asdict(trained.evaluation)
        write_sealed(path, {"of": key, **evaluation, "course": course, "tensors": tensors, **said})

    def _key(self, leg: Leg) -> str:
        """A digest of the candidate in its context, and of where the leg pauses, if it does."""
        one = leg.candidate
        ranks = [[name, rank] for name, rank in one.allocation.ranks]
        own: dict[str, object] = {} if one.scaling is None else {"scaling": one.scaling}
        if leg.until is not None:
            own["until"] = leg.until
        known = [self._context, ranks, one.seed, one.learning_rate, *([own] if own else [])]
        return hashlib.sha256(json.dumps(known).encode()).hexdigest()

    def _path(self, key: str) -> Path:
        return self._folder / f"{key[:24]}.json"


def _read_tensors(path: Path, digest: str | None) -> dict[str, Tensor]:
    """The tensors of a file of this SHA-256; none where there was nothing to write."""
    if digest is None:
        return {}
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DamagedFileError(f"{path} cannot be read ({error.strerror})") from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise DamagedFileError(f"{path} is damaged: its checksum differs")
    return load(content)


def _course(fields: dict[str, Any]) -> Course:
    """What ``asdict`` made plain, a course again."""
    history = tuple((step, _allocation(ranks)) for step, ranks in fields["history"])
    allocation = _allocation(fields["allocation"])
    adapter = fields.get("adapter", True)  # absent from what older versions wrote
    return Course(allocation, fields["peak"], fields["average"], fields["end"], history, adapter)


def _allocation(fields: dict[str, Any]) -> Allocation:
    return Allocation.of(dict(fields["ranks"]))
