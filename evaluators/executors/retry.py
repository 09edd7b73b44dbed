"""What becomes of work whose worker dies, whoever executes it: again alone, then in parts, then failed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from spaces.counted import counted

__all__ = ["Died", "Execute", "outlived"]

_Work = TypeVar("_Work")
_Done = TypeVar("_Done")
_Given = TypeVar("_Given", contravariant=True)
_Made = TypeVar("_Made", covariant=True)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Died:
    """In place of a result: what ended the worker, as ``was killed by SIGKILL``."""

    how: str


class Execute(Protocol[_Given, _Made]):
    """Anything that does tasks and gives each one's place with its result, as soon as there is one.

    Where a worker dies, every task that it may have died of gets ``Died``, the others go on. An exception
    that a task raises is raised here.
    """

    def __call__(self, tasks: Sequence[_Given], /) -> Iterator[tuple[int, _Made | Died]]: ...


def outlived(
    tasks: Sequence[_Work],
    execute: Execute[_Work, _Done],
    *,
    parts: Callable[[_Work], Sequence[_Work]],
    failed: Callable[[_Work, Died], _Done],
) -> Iterator[tuple[_Work, _Done]]:
    """Every task with its result, in the order of their ends, however many workers die of them.

    A task whose worker died is done again once all others have ended, by itself, since a neighbour may have
    caused it or taken the memory. Where that worker dies too, its ``parts`` are done one by one (a task that
    cannot be parted is its own only part), and a part whose worker dies has ``failed``. So a task of n parts
    ends at most n + 2 workers.
    """
    suspects = []
    for place, result in execute(tasks):
        if isinstance(result, Died):
            _log.warning("a worker process %s; its task is tried again at the end, alone", result.how)
            suspects.append(tasks[place])
        else:
            yield tasks[place], result
    for suspect in suspects:
        yield from _alone(suspect, execute, parts, failed)


def _alone(
    task: _Work,
    execute: Execute[_Work, _Done],
    parts: Callable[[_Work], Sequence[_Work]],
    failed: Callable[[_Work, Died], _Done],
) -> Iterator[tuple[_Work, _Done]]:
    ((_, result),) = execute([task])
    if not isinstance(result, Died):
        yield task, result
        return
    if len(divided := parts(task)) == 1:
        yield task, failed(task, result)
        return
    _log.warning(
        "a worker process %s again; %s of its task follow", result.how, counted(len(divided), "part")
    )
    for part in divided:
        yield from _alone(part, execute, parts, failed)
