"""Finished candidates on disk, so that an interrupted run goes on where it was."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from dataclasses import fields as dataclass_fields
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from evaluators.base.base_model import ModelSource
from evaluators.base.content_digest import model_digests
from evaluators.base.described import described
from evaluators.data.report_on import ReportOn
from evaluators.data.task import Task
from evaluators.training.candidate import Candidate, Course, Evaluation, Recipe, Trained
from evaluators.training.leg import Leg
from evaluators.training.state import State
from spaces.allocation import Allocation

from .sealed_json import DamagedFileError, read_sealed, write_sealed
from .tensor_file import read_tensor_file, write_tensor_file
from .whole_file import whole_file

__all__ = ["Ledger", "fingerprint"]

_TENSORS: Final = ".safetensors"
_STATE: Final = f".state{_TENSORS}"
_SHORT: Final = 24  # hexadecimal digits of a key that name a file
_STATE_NAME: Final = re.compile(rf"(?P<owner>[0-9a-f]{{{_SHORT}}})\.(?P<step>[1-9][0-9]*){re.escape(_STATE)}")
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
    """One JSON file and one safetensors file per leg that has ended, both whole or absent; where it paused, a
    second one of its state, until that is forgotten.

    The JSON file carries a checksum, whose it is and the checksums of the tensors, so that files that were
    cut short, changed or swapped are not taken for what they were.
    """

    def __init__(self, folder: Path, context: str) -> None:
        """context: a ``fingerprint``; candidates finished under another one are not found."""
        self._folder, self.context = folder, context

    def find(self, leg: Leg) -> Trained | None:
        """What training gave by the end of this leg, or None where that is not known.

        None as well, with a log line that names the file, where what was recorded is damaged. It has no state
        where that was forgotten.
        """
        key = self._key(leg)
        path = self._path(key)
        if not path.exists():
            return None
        try:
            fields = read_sealed(path)
            if fields.pop("of", None) != key:
                raise DamagedFileError(f"{path} is of another candidate")
            digest, paused = fields.pop("tensors"), fields.pop("state", None)
            tensors = {} if digest is None else read_tensor_file(path.with_suffix(_TENSORS), digest)
            kept = None if paused is None else self._kept(leg, paused)
        except DamagedFileError as error:
            _log.warning("%s; its candidate is trained again", error)
            return None
        evaluation, course, answers = _evaluation(leg, fields), fields["course"], fields.get("answers")
        if leg.judged and evaluation.metric is None and evaluation.failure is None:
            return None
        state = None if kept is None else _state(evaluation, kept)
        said = None if answers is None else tuple(answers)
        together = fields.get("together", "")  # absent from what older versions wrote
        return Trained(evaluation, tensors, _course(course) if course else None, said, state, together)

    def record(self, leg: Leg, trained: Trained) -> None:
        """Writes what came of a leg: tensors first, so that its JSON file means that they are there.

        A failure that may pass is not written: it may fit the next time.
        """
        if trained.evaluation.may_pass:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        key = self._key(leg)
        kept: dict[str, object] = {}
        path, tensors = self._path(key), None
        if trained.tensors:
            tensors = write_tensor_file(path.with_suffix(_TENSORS), trained.tensors)
        if trained.together:
            kept["together"] = trained.together
        if trained.answers is not None:
            kept["answers"] = list(trained.answers)
        if trained.state is not None:
            kept["state"] = write_tensor_file(self._state_path(leg), _tensors_of(trained.state))
            self._paused.setdefault(self._owner(leg.candidate), set()).add(trained.state.step)
        course = trained.course and asdict(trained.course)
        evaluation = asdict(trained.evaluation)
        write_sealed(path, {"of": key, **evaluation, "course": course, "tensors": tensors, **kept})

    def adopt(self, leg: Leg, other: Ledger) -> None:
        """Records what another ledger of the same context holds of a leg, where this one lacks it or its
        state."""
        assert other.context == self.context, "another context is another training"
        own = self.find(leg)
        if own is None or (own.state is None and leg.until is not None):
            found = other.find(leg)
            if found is not None:
                self.record(leg, found)

    def adopt_all(self, other: Ledger) -> None:
        """Copies what another ledger holds of all that has ended and this one lacks, without states."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(other._folder.glob("*.json")):
            place = self._folder / path.name
            if place.exists():
                continue
            tensors = path.with_suffix(_TENSORS)
            with suppress(FileNotFoundError):  # removed meanwhile
                if tensors.exists():  # first, and anew: what lies here may be of a recording that was killed
                    _copied(tensors, place.with_suffix(_TENSORS))
                _copied(path, place)

    def forget_state(self, candidate: Candidate) -> None:
        """Removes the states of a candidate that goes on no more."""
        self._forget({self._owner(candidate): math.inf})

    def forget_before(self, legs: Iterable[Leg]) -> None:
        """Removes the states that candidates of these legs, which have ended, had earlier."""
        self._forget(
            {self._owner(leg.candidate): math.inf if leg.until is None else leg.until for leg in legs}
        )

    def _forget(self, before: Mapping[str, float]) -> None:
        """Removes the states at steps below these, by the first part of the files' names."""
        for owner, end in before.items():
            for step in [one for one in self._paused.get(owner, ()) if one < end]:
                (self._folder / f"{owner}.{step}{_STATE}").unlink(missing_ok=True)
                self._paused[owner].remove(step)

    @cached_property
    def _paused(self) -> dict[str, set[int]]:
        """Steps of the states that lie in the folder, by the first part of the files' names. It is listed
        once: a search has thousands of files there, and forgets with every trial."""
        found: dict[str, set[int]] = {}
        for path in self._folder.glob(f"*{_STATE}"):
            if own := _STATE_NAME.fullmatch(path.name):  # others are somebody's
                found.setdefault(own["owner"], set()).add(int(own["step"]))
        return found

    def _kept(self, leg: Leg, digest: str) -> dict[str, Tensor] | None:
        """The tensors of the state at a leg's end; None where that was forgotten."""
        path = self._state_path(leg)
        return read_tensor_file(path, digest) if path.exists() else None

    def _key(self, leg: Leg) -> str:
        """A digest of the candidate in its context, and of where the leg pauses, if it does."""
        one = leg.candidate
        ranks = [[name, rank] for name, rank in one.allocation.ranks]
        own: dict[str, object] = {} if one.scaling is None else {"scaling": one.scaling}
        if leg.until is not None:
            own["until"] = leg.until
        known = [self.context, ranks, one.seed, one.learning_rate, *([own] if own else [])]
        return hashlib.sha256(json.dumps(known).encode()).hexdigest()

    def _path(self, key: str) -> Path:
        return self._folder / f"{key[:_SHORT]}.json"

    def _state_path(self, leg: Leg) -> Path:
        return self._folder / f"{self._owner(leg.candidate)}.{leg.until}{_STATE}"

    def _owner(self, candidate: Candidate) -> str:
        """What the names of a candidate's states begin with."""
        return self._key(Leg(candidate))[:_SHORT]


def _copied(path: Path, place: Path) -> None:
    with whole_file(place) as unfinished:
        shutil.copyfile(path, unfinished)


def _evaluation(leg: Leg, fields: Mapping[str, Any]) -> Evaluation:
    """What ``asdict`` made plain, an evaluation again; by default what older versions did not write."""
    own = {one.name: fields[one.name] for one in dataclass_fields(Evaluation) if one.name in fields}
    beside = tuple((name, value) for name, value in own.get("beside", ()))
    return Evaluation(**{**own, "candidate": leg.candidate, "curve": tuple(own["curve"]), "beside": beside})


def _tensors_of(state: State) -> dict[str, Tensor]:
    parts = {"tensors": state.tensors, "mean": state.mean, "square": state.square}
    return {f"{part}.{name}": tensor for part, own in parts.items() for name, tensor in own.items()}


def _state(evaluation: Evaluation, tensors: Mapping[str, Tensor]) -> State:
    """What ``_tensors_of`` made plain, a state again; the rest of it is that of the evaluation."""
    parts: dict[str, dict[str, Tensor]] = {"tensors": {}, "mean": {}, "square": {}}
    for full, tensor in tensors.items():
        part, _, name = full.partition(".")
        parts[part][name] = tensor
    one = evaluation
    return State(**parts, curve=one.curve, seconds=one.seconds, peak_memory=one.peak_memory)


def _course(fields: dict[str, Any]) -> Course:
    """What ``asdict`` made plain, a course again."""
    history = tuple((step, _allocation(ranks)) for step, ranks in fields["history"])
    allocation = _allocation(fields["allocation"])
    adapter = fields.get("adapter", True)  # absent from what older versions wrote
    return Course(allocation, fields["peak"], fields["average"], fields["end"], history, adapter)


def _allocation(fields: dict[str, Any]) -> Allocation:
    return Allocation.of(dict(fields["ranks"]))
