"""A study that is kept like what it shall show: only what is new is written, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Any, Final

from optuna.exceptions import DuplicatedStudyError, UpdateFinishedTrialError
from optuna.storages import BaseStorage, RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from sqlalchemy.exc import IntegrityError

from search.sampling.quiet_optuna import quiet_optuna
from search.storage.bulk_writer import writer_of
from search.storage.opened_storage import is_server
from search.storage.patience import OvertakenError, patiently
from search.storage.writer import PlainWriter, StudyWriter, TrialChange
from spaces.errors import InputError, UsageError

from .dashboard_keys import attachment_keys, figure_keys, note_keys, note_of
from .shown import OF_A_PLAN, ShownFile, ShownStudy, ShownTrial

__all__ = ["StudyMirror", "begin_study", "is_anothers", "taken"]

_IDENTITY: Final = "rankscape:identity"
_METRIC_NAMES: Final = "study:metric_names"  # what Study.set_metric_names sets


@dataclass(frozen=True, slots=True)
class _Standing:
    """A trial as it stands. attached: names of its system attributes."""

    trial_id: int
    shown: ShownTrial
    attached: frozenset[str]


class StudyMirror:
    """One study in a storage. What ``begin_study`` gives.

    What stands there from a start that was killed is completed, and what is shown again is not written
    again. A server that goes away is waited for, about a minute.
    """

    def __init__(self, storage: BaseStorage, study_id: int, name: str) -> None:
        self.name = name
        self._storage, self._study_id = storage, study_id
        self.writer = _writer(storage, study_id)
        self._standing: dict[int, _Standing] = {}
        self._notes: dict[str, Any] = {}  # the study's system attributes
        self._read()

    def show(self, trials: Sequence[ShownTrial]) -> None:
        """Makes these trials of the study what they are given as; the new ones by ascending number.

        All that is new of them is written at once, then their notes. Raises InputError where one of these
        numbers stands there with other parameters.
        """
        self._written(lambda: self._show(trials))

    def describe(
        self,
        *,
        note: str | None = None,
        attributes: Mapping[str, object] | None = None,
        figures: Mapping[str, Mapping[str, object]] | None = None,
        attachments: Sequence[ShownFile] = (),
    ) -> None:
        """Sets what is told of the study itself; what is left out stays.

        note: Markdown. figures: Plotly's, as JSON has them, by an id of HTML.
        """
        self._written(lambda: self._describe(note, attributes or {}, figures or {}, attachments))

    def _written(self, write: Callable[[], None]) -> None:
        """Writes, and again where a server was away or another was faster; what is there by then is not
        written twice."""
        attempts = count()

        def attempt() -> None:
            if next(attempts):
                self._read()
            try:
                write()
            except (UpdateFinishedTrialError, IntegrityError) as error:
                raise OvertakenError("what was to be told of a trial is there by now") from error

        patiently(attempt, unless=self._is_in_vain)

    def _is_in_vain(self, error: Exception) -> bool:
        """Whether another attempt would end alike: a file is there or is not."""
        return not isinstance(error, OvertakenError) and not is_server(self._storage)

    def _describe(
        self,
        note: str | None,
        attributes: Mapping[str, object],
        figures: Mapping[str, Mapping[str, object]],
        attachments: Sequence[ShownFile],
    ) -> None:
        system: dict[str, object] = {}
        if note is not None and note != note_of(self._notes, trial_id=None):
            system |= note_keys(note, trial_id=None, known=self._notes)
        for name, figure in figures.items():
            system |= figure_keys(name, figure, self._notes)
        for attachment in attachments:
            system |= attachment_keys(attachment)
        system = {key: value for key, value in system.items() if self._notes.get(key) != value}
        self.writer.describe(attributes, system)
        self._notes |= system

    def _show(self, trials: Sequence[ShownTrial]) -> None:
        new = [one for one in trials if one.number not in self._standing]
        changes = [
            (one, change)
            for one in trials
            if one.number in self._standing and (change := self._change(one)) is not None
        ]
        if changes:
            self.writer.change([change for _, change in changes])
        for one, _ in changes:
            self._stands(one, self._standing[one.number].trial_id)
        if new:
            ids = self.writer.add([_frozen(one) for one in new], new[0].number)
            for one, trial_id in zip(new, ids, strict=True):
                self._stands(one, trial_id)
        notes: dict[str, object] = {}
        for one in trials:
            stands = self._standing[one.number]
            current = stands.shown.state == one.state  # a replay shows earlier states of what has ended
            if current and one.note and one.note != note_of(self._notes, trial_id=stands.trial_id):
                notes |= note_keys(one.note, trial_id=stands.trial_id, known=self._notes)
        if notes:
            self.writer.describe({}, notes)
            self._notes |= notes

    def _change(self, one: ShownTrial) -> TrialChange | None:
        """What of a trial is not there yet; None where nothing is, or it has ended."""
        stands = self._standing[one.number]
        if dict(stands.shown.params) != dict(one.params):
            raise InputError(
                f"trial {one.number} of the study {self.name!r} has other parameters than this search gives "
                "it; name another `study_name`."
            )
        if stands.shown.state.is_finished():
            return None
        known = dict(stands.shown.reports)
        before = stands.shown.attributes
        change = TrialChange(
            stands.trial_id,
            reports=tuple(report for report in one.reports if report[0] not in known),
            attributes={k: v for k, v in one.attributes.items() if k not in before or before[k] != v},
            system={k: v for k, v in _attached(one).items() if k not in stands.attached},
            state=one.state if one.state.is_finished() else None,
            values=one.values,
        )
        return change if change != TrialChange(stands.trial_id, (), {}, {}) else None

    def _stands(self, one: ShownTrial, trial_id: int) -> None:
        before = self._standing.get(one.number)
        if before is not None:
            reports = tuple(sorted({**dict(before.shown.reports), **dict(one.reports)}.items()))
            one = replace(one, reports=reports, attributes={**before.shown.attributes, **one.attributes})
        self._standing[one.number] = _Standing(trial_id, one, frozenset(_attached(one)))

    def _read(self) -> None:
        trials = self._storage.get_all_trials(self._study_id, deepcopy=False)
        self._standing = {trial.number: _standing(trial) for trial in trials}
        self._notes = dict(self._storage.get_study_system_attrs(self._study_id))


def begin_study(storage: BaseStorage, study: ShownStudy, *, named: bool = False) -> StudyMirror:
    """The study of that name in a storage: a new one, or the one that an earlier start of the same left.

    Where the name is that of what the same run has outgrown, the study is numbered. named: whether somebody
    chose the name; if not, it is numbered too where another run has it. Raises UsageError where another run
    has a name that was chosen.
    """
    names = (study.name if number == 1 else f"{study.name} ({number})" for number in count(1))
    for name in names:
        begun = partial(_begun, storage, replace(study, name=name))
        with quiet_optuna():
            mirror = patiently(begun, unless=lambda _: not is_server(storage))
        if mirror is not None:
            return mirror
        if named and not _is_of_run(storage, storage.get_study_id_from_name(name), study.identity):
            raise taken(name)
    raise AssertionError("numbers do not end")


def _begun(storage: BaseStorage, study: ShownStudy) -> StudyMirror | None:
    """None where another study has the name, of another run or of another plan."""
    directions = [_DIRECTIONS[aim.direction] for aim in study.aims]
    try:
        study_id = storage.create_new_study(directions, study_name=study.name)
    except DuplicatedStudyError:
        study_id = storage.get_study_id_from_name(study.name)
    fresh = _is_fresh(storage, study_id)
    known = storage.get_study_system_attrs(study_id).get(_IDENTITY)
    if not fresh and known != study.identity:
        return None
    if list(storage.get_study_directions(study_id)) != directions:
        return None
    writer = _writer(storage, study_id)
    if fresh and writer.settle(_IDENTITY, study.identity) != study.identity:  # another run was faster
        return None
    told = storage.get_study_user_attrs(study_id)
    if fresh or any(told.get(key) != value for key, value in study.attributes.items()):
        writer.describe(study.attributes, {_METRIC_NAMES: [aim.name for aim in study.aims]})
    return StudyMirror(storage, study_id, study.name)


def taken(name: str) -> UsageError:
    """The error where a study has a name that somebody chose for another."""
    return UsageError(
        f"`storage` has a study {name!r} of another search, or of this one in another folder; choose another "
        "`study_name`."
    )


def is_anothers(storage: BaseStorage, study_id: int, identity: str) -> bool:
    """Whether a study is of another run than what has this identity, whatever the plan of either is."""
    return not _is_of_run(storage, study_id, identity) and not _is_fresh(storage, study_id)


def _is_of_run(storage: BaseStorage, study_id: int, identity: str) -> bool:
    known = str(storage.get_study_system_attrs(study_id).get(_IDENTITY))
    return known.partition(OF_A_PLAN)[0] == identity.partition(OF_A_PLAN)[0]


def _is_fresh(storage: BaseStorage, study_id: int) -> bool:
    """Whether nothing is in it, as where a process was killed when it had made it."""
    system = storage.get_study_system_attrs(study_id)
    return not system and not storage.get_all_trials(study_id, deepcopy=False)


_DIRECTIONS: Final = {"minimize": StudyDirection.MINIMIZE, "maximize": StudyDirection.MAXIMIZE}


def _writer(storage: BaseStorage, study_id: int) -> StudyWriter:
    return writer_of(storage, study_id) if isinstance(storage, RDBStorage) else PlainWriter(storage, study_id)


def _attached(one: ShownTrial) -> dict[str, object]:
    """System attributes of a trial's attachments."""
    keys: dict[str, object] = {}
    for attachment in one.attachments:
        keys |= attachment_keys(attachment)
    return keys


def _frozen(one: ShownTrial) -> FrozenTrial:
    return one.frozen(_attached(one))


def _standing(trial: FrozenTrial) -> _Standing:
    shown = ShownTrial(
        trial.number,
        trial.params,
        trial.distributions,
        trial.state,
        tuple(sorted(trial.intermediate_values.items())),
        None if trial.values is None or not trial.state.is_finished() else tuple(trial.values),
        trial.user_attrs,
    )
    return _Standing(trial._trial_id, shown, frozenset(trial.system_attrs))
