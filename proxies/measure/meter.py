"""Properties measured once and shared, with a meter that knows what each proxy's share of them costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, overload

from spaces.errors import InputError

__all__ = ["Meter", "Reading", "measured", "once"]

_T = TypeVar("_T")


@dataclass(slots=True)
class Reading:
    """What one stretch of work would have cost alone; ``seconds`` is complete once the stretch has ended.

    Its own time, and that of every shared measurement it asked for, whoever had asked first.
    """

    seconds: float = 0.0
    asked: set[str] = field(default_factory=set)


class Meter:
    """Times measurements, each without what others take that it asks for."""

    def __init__(
        self,
        synchronize: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """synchronize: waits for the work that has been queued, on a device that runs behind the program.
        clock: seconds, from any beginning."""
        self._synchronize, self._clock = synchronize, clock
        self._seconds: dict[str, float] = {}
        self._needs: dict[str, set[str]] = {}
        self._open: list[Reading] = []  # the innermost last: readings, and measurements under way
        self._inside: list[float] = []  # seconds of measurements taken within each of them

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Reads what the block would have cost alone."""
        with self._stretch() as reading:
            yield reading
        reading.seconds += sum(self._seconds[name] for name in reading.asked)

    def take(self, name: str, compute: Callable[[], _T]) -> _T:
        """The value of a measurement that has not been taken yet, or must be taken again."""
        with self._stretch() as reading:
            value = compute()
        self._seconds[name], self._needs[name] = reading.seconds, reading.asked
        self.ask(name)
        return value

    def ask(self, name: str) -> None:
        """Notes that whoever is being timed looks at a measurement, and at what that one looked at."""
        for reading in self._open:
            reading.asked |= {name, *self._needs[name]}

    @contextmanager
    def _stretch(self) -> Iterator[Reading]:
        self._synchronize()
        reading = Reading()
        self._open.append(reading)
        self._inside.append(0.0)
        started = self._clock()
        try:
            yield reading
            self._synchronize()
        finally:
            elapsed = self._clock() - started
            self._open.pop()
            reading.seconds = elapsed - self._inside.pop()
            if self._inside:
                self._inside[-1] += elapsed


class _Metered(Protocol):
    meter: Meter


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Cached for a value that cannot be had. No traceback: it would keep alive what the attempt made."""

    error: InputError


def once(owner: _Metered, name: str, compute: Callable[[], _T]) -> _T:
    """What ``compute`` gave when its owner was first asked for this name, timed by the owner's ``meter``.

    So is an InputError: it is raised again without another attempt.
    """
    cache, key = owner.__dict__, f"{type(owner).__name__}.{name}"
    if name not in cache:
        try:
            cache[name] = owner.meter.take(key, compute)
        except InputError as error:
            cache[name] = _Refusal(copy(error))
            raise
    elif isinstance(cache[name], _Refusal):
        raise copy(cache[name].error)
    else:
        owner.meter.ask(key)
    value: _T = cache[name]
    return value


class measured(Generic[_T]):  # used as property is
    """A property that is computed ``once``."""

    def __init__(self, compute: Callable[[Any], _T]) -> None:
        self._compute, self.__doc__ = compute, compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, owner: None, kind: type) -> measured[_T]: ...
    @overload
    def __get__(self, owner: _Metered, kind: type) -> _T: ...
    def __get__(self, owner: _Metered | None, kind: type) -> measured[_T] | _T:
        if owner is None:
            return self
        return once(owner, self._name, lambda: self._compute(owner))

    def __set__(self, owner: _Metered, value: _T) -> None:
        raise AttributeError(f"{type(owner).__name__}.{self._name} is measured, and cannot be set.")
