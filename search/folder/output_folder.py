"""The folder of one run: of one command with one set of options, and locked while it works."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from evaluators.store.whole_file import is_unfinished, write_whole
from search.job.option import options_of
from search.job.run_names import (
    ALLOCATION_FILE,
    CANDIDATES,
    FILES_FOLDER,
    FINALISTS_PLOT,
    LOGS,
    RANKS_PLOT,
    RESULT_FILE,
    SCORES,
    STUDY_FILE,
)
from spaces.errors import InputError, UsageError

from .folder_record import RECORD, FolderRecord, read_record
from .left_files import changes_of, digests_of
from .lock import LOCK, locked
from .provenance import Digests, Provenance, this_program
from .unwritable import one_line_where_unwritable

__all__ = ["OutputFolder", "decisive"]

_OLD_PART: Final = "options.json.part"  # what older versions were writing when they were killed
_OF_A_RESULT: Final = (RESULT_FILE, "result.md", "result.csv", ALLOCATION_FILE, RANKS_PLOT, FINALISTS_PLOT)
_WRITTEN_EARLY: Final = (RECORD, STUDY_FILE, FILES_FOLDER, CANDIDATES, SCORES, LOGS, *_OF_A_RESULT)
_WHAT_IT_TAKES: Final = f"what {CANDIDATES} no longer holds is trained again"
_log = logging.getLogger(__name__)


class OutputFolder:
    """A folder that belongs to one command with one set of options, or else is refused untouched."""

    def __init__(
        self,
        path: Path,
        command: str,
        options: Mapping[str, object],
        *,
        inputs: Callable[[], Mapping[str, Digests]],
        any_options: bool = False,
        shared: bool = False,
        growing: Collection[str] = (),
        files: Collection[str] = (),
        argument: str = "output",
    ) -> None:
        """Looks at nothing yet.

        Args:
            path: where it is, or shall be.
            command: whose it is.
            options: ``decisive`` ones.
            inputs: of the run's data and model, as they are.
            any_options: whether those of another run of the command are as good.
            shared: whether others do the same run in folders of their own.
            growing: those by which a run may be gone on with that has other ones; its result is then none.
            files: names that may stand in a folder of which nothing is recorded.
            argument: what whoever chose the folder calls it.
        """
        self.path = path
        self._command, self._options, self._inputs = command, options, inputs
        self._any_options, self._growing, self._files = any_options, growing, files
        self._argument, self._another = argument, f"choose another `{argument}`"
        self._shared, self._token = shared, uuid4().hex
        self._record: FolderRecord | None = None
        self._read: Provenance | None = None  # what this run reads, as it was when it began

    @contextmanager
    def opened(self) -> Iterator[Path]:
        """The folder, locked, and rid of what a run that was killed left half done.

        Where the block raises InputError before anything in a new folder has finished, what this program
        wrote is removed. Raises UsageError where it is another run's, nobody's, or in use, and InputError
        where what its run read has changed since; both write nothing. Raises InputError where it cannot be
        written.
        """
        with one_line_where_unwritable(self.path, argument=self._argument):
            self._check()  # before anything is written, the lock included
            made = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
            self.path.mkdir(parents=True, exist_ok=True)
            with locked(self.path, another=self._another):
                self._record = self._check()  # again, now that nobody else writes
                standing = None if self._record else {path.name for path in self.path.iterdir()} - {LOCK}
                try:
                    if not self._any_options:
                        self._read = self._read_now()
                    _clear(self.path)
                    yield self.path
                except InputError:
                    if standing is not None and not _anything_finished(self.path):
                        _forget(self.path, standing, made)
                    raise

    def begin(self) -> None:
        """Records whose folder this is; to be called once everything that may be refused has been read.

        Raises InputError where any of that has changed meanwhile, or since an earlier start.
        """
        self._read = self._read_now()
        self._record = self.planned
        self._record.write(self.path)

    @property
    def planned(self) -> FolderRecord:
        """What ``begin`` will record, as far as it can be told by now, or has; once the folder is opened."""
        assert self._read is not None, "who does not ask for options has none"
        known = self._read if self._record is None else self._record.provenance.completed_by(self._read)
        token = self._token if self._record is None else self._record.token
        own = "" if self._shared else token
        return FolderRecord(self._command, self._options, known, growing=self._growing, token=own)

    @property
    def identity(self) -> str:
        """That of the run; after ``begin``."""
        assert self._record is not None, "a run begins before it is anybody's"
        return self._record.identity

    def finished(self) -> dict[str, object] | None:
        """The result of a run that has ended, as it was written; None where it has not, was removed, or is
        of other options.

        ``output`` in it is where the folder is now. A log line names other files that are gone or no longer
        as they were, and what makes them again. Raises InputError where the result is, or where what it was
        made of cannot be told.
        """
        path, files = self.path / RESULT_FILE, self._record.files if self._record else {}
        if RESULT_FILE not in files or not path.exists() or self._other_options(self._record):
            return None
        changes = list(changes_of(self.path, files))
        if RESULT_FILE in dict(changes):
            raise InputError(
                f"{path} is damaged: it is not what its run wrote; remove it to run again, or "
                f"{self._another}."
            )
        self._refuse_untold(path)
        for name, what in changes:
            _log.warning("%s %s", self.path / name, what)
        if changes:
            _log.warning(
                "remove %s and start the run again to have that made again: %s", path, _WHAT_IT_TAKES
            )
        return {**json.loads(path.read_bytes()), "output": str(self.path)}

    def confirm(self) -> None:
        """Says that results may be written: what was read is what it was at ``begin``.

        Raises InputError where a model's files have changed meanwhile, which processes load when they start;
        rows are read once, before ``begin``: of those a log line tells.
        """
        assert self._record is not None, "a run begins before it ends"
        known, now = self._record.provenance, Provenance(self._inputs(), this_program())
        if changes := known.models().changes_to(now):
            raise InputError(
                f"{'; '.join(changes)} while the run in {self.path} was at work, which may have used either; "
                f"put that back and {self._another}."
            )
        for change in known.changes_to(now):
            _log.warning("%s after the run had read it; this result is of what it was", change)

    def finish(self, result: Mapping[str, object]) -> None:
        """Writes ``result.json``, and records that the run has ended and what it left.

        Raises InputError where ``confirm`` does.
        """
        self.confirm()
        assert self._record is not None, "a run begins before it ends"
        write_whole(self.path / RESULT_FILE, json.dumps(result, indent=2))
        left = (path.relative_to(self.path) for path in sorted(self.path.rglob("*")) if path.is_file())
        lasting = (
            path.as_posix()
            for path in left
            if path.parts[0] not in (RECORD, LOCK, CANDIDATES, LOGS)
            and not path.name.startswith(f"{STUDY_FILE}-")  # of SQLite's transactions
        )
        self._record = replace(self._record, files=digests_of(self.path, lasting))
        self._record.write(self.path)

    def _check(self) -> FolderRecord | None:
        """The folder's record; raises UsageError where it is not for this command and these options."""
        if not self.path.exists():
            return None
        there = self.path.is_dir()
        record = read_record(self.path, another=self._another, growing=self._growing) if there else None
        if record is None:
            if not there or any(not self._may_stand(path.name) for path in self.path.iterdir()):
                raise UsageError(f"{self.path} exists and is not a run of this program; {self._another}.")
            return None
        if record.command != self._command:
            raise UsageError(f"{self.path} holds a run of {record.command}; {self._another}.")
        if names := self._other_options(record, growing=self._growing):
            raise UsageError(
                f"{self.path} holds a run with other options ({names}); give it the same ones to go on, or "
                f"{self._another}."
            )
        return record

    def _other_options(self, record: FolderRecord | None, *, growing: Collection[str] = ()) -> str:
        """The names of options by which a record is not this run's; empty where any are as good."""
        return "" if record is None or self._any_options else record.differing(self._options, growing=growing)

    def _may_stand(self, name: str) -> bool:
        """Whether a file or folder is no sign of anybody else, where nothing is recorded."""
        return name in (LOCK, _OLD_PART, *self._files) or is_unfinished(name)

    def _read_now(self) -> Provenance:
        """What is read now; raises InputError where it is not what this start or an earlier one has read."""
        now = Provenance(self._inputs(), this_program())
        if self._record and (changes := self._record.provenance.changes_to(now)):
            raise InputError(f"{'; '.join(changes)} since the run in {self.path} began; {self._another}.")
        if self._read and (changes := self._read.changes_to(now)):
            raise InputError(f"{'; '.join(changes)} while it was read; start again.")
        return now

    def _refuse_untold(self, result: Path) -> None:
        """Raises InputError where what a result was made of, or what is read now, cannot be told."""
        known = [one for one in (self._record and self._record.provenance, self._read) if one]
        if untold := sorted({name for one in known for name in one.untold()}):
            raise InputError(
                f"whether {', '.join(untold)} is what {result} was made of cannot be told; read that file, "
                f"or {self._another} to run again."
            )


def decisive(settings: Iterable[Any], *, growing: Collection[str] = ()) -> dict[str, object]:
    """What decides results of the values of some settings classes, by name and as JSON has it.

    growing: names of those that may change on the way.
    """
    kept = {
        one.name: getattr(own, one.name)
        for own in settings
        for one, about in options_of(own)
        if not about.place_only and one.name not in growing
    }
    return dict(json.loads(json.dumps(kept, default=str)))


def _clear(folder: Path) -> None:
    """Removes what killed runs were writing; nobody writes now."""
    (folder / _OLD_PART).unlink(missing_ok=True)
    for path in [path for path in folder.rglob("*") if is_unfinished(path.name)]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _anything_finished(folder: Path) -> bool:
    return any(any(folder.rglob(f"{kept}/*.json")) for kept in (CANDIDATES, SCORES))


def _forget(folder: Path, standing: Collection[str], made: Sequence[Path]) -> None:
    """Removes what this program has written beside what stood there, and the folders it made, where nobody
    else has put anything there meanwhile; the lock last."""
    for path in [path for path in folder.iterdir() if path.name not in standing]:
        if path.is_dir() and _is_ours(path.name):
            shutil.rmtree(path)
        elif path.is_dir():
            with suppress(OSError):  # where it is empty, as of a data set of which nothing has finished
                path.rmdir()
        elif _is_ours(path.name):
            path.unlink()
    (folder / LOCK).unlink(missing_ok=True)
    for one in made:
        with suppress(OSError):  # somebody else's by now
            one.rmdir()


def _is_ours(name: str) -> bool:
    """Whether a run that ends before anything has finished may have written a file or folder of this name."""
    return name in _WRITTEN_EARLY or name.startswith(f"{STUDY_FILE}-") or is_unfinished(name)
