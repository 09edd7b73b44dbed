"""A shared measurement is taken once, and counted for everyone who looks at it."""

from __future__ import annotations

import pytest

from proxies.measure.meter import Meter, measured
from spaces.errors import InputError


class Owner:
    """Its time passes only where it says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.meter = Meter(clock=lambda: self.now)
        self.taken: list[str] = []

    def work(self, seconds: float) -> None:
        self.now += seconds

    @measured
    def base(self) -> int:
        """One."""
        self.taken.append("base")
        self.work(5)
        return 1

    @measured
    def built(self) -> int:
        self.taken.append("built")
        self.work(2)
        return self.base + 1


def seconds(owner: Owner, work) -> float:
    with owner.meter.reading() as reading:
        work()
    return reading.seconds


def test_it_is_taken_once():
    owner = Owner()
    assert [owner.built, owner.base, owner.built] == [2, 1, 2]
    assert owner.taken == ["built", "base"]


def test_everyone_pays_for_all_that_they_look_at_and_for_nothing_else():
    owner = Owner()
    assert seconds(owner, lambda: owner.built) == 7
    assert seconds(owner, lambda: owner.built) == 7  # though it is there already
    assert seconds(owner, lambda: owner.base) == 5
    assert seconds(owner, lambda: None) == 0


def test_ones_own_work_is_counted_besides():
    owner = Owner()
    _ = owner.base
    assert seconds(owner, lambda: (owner.base, owner.work(3))) == 8


def test_looking_twice_is_paid_once():
    owner = Owner()
    assert seconds(owner, lambda: (owner.built, owner.base, owner.built)) == 7


def test_it_cannot_be_set():
    with pytest.raises(AttributeError, match=r"Owner\.base"):
        Owner().base = 2


def test_what_is_queued_is_counted_for_whoever_queued_it():
    now, queued = [0.0], [5.0]  # seconds, and those of work that is left over from before

    def synchronize():
        now[0] += sum(queued)
        queued.clear()

    class Queueing(Owner):
        def __init__(self) -> None:
            super().__init__()
            self.meter = Meter(synchronize, clock=lambda: now[0])

        @measured
        def first(self) -> None:
            queued.append(4.0)

        @measured
        def second(self) -> None:
            queued.append(2.0)
            _ = self.first
            queued.append(1.0)

    owner = Queueing()
    assert seconds(owner, lambda: None) == 0
    assert seconds(owner, lambda: owner.second) == 7
    assert seconds(owner, lambda: owner.first) == 4


def test_what_was_refused_is_refused_again_without_another_attempt():
    attempts = []

    class Refusing(Owner):
        @measured
        def nothing(self) -> int:
            attempts.append(1)
            raise InputError("there is nothing to measure")

        @measured
        def built_on_nothing(self) -> int:
            return self.nothing + 1

    owner = Refusing()
    errors = []
    for name in ("nothing", "nothing", "built_on_nothing", "built_on_nothing"):
        with pytest.raises(InputError, match="there is nothing to measure") as refusal:
            getattr(owner, name)
        errors.append(refusal.value)
    assert len(attempts) == 1
    assert len(set(map(id, errors))) == 4  # each with a traceback of its own


def test_any_other_failure_may_be_tried_again():
    class Failing(Owner):
        @measured
        def flaky(self) -> int:
            self.taken.append("flaky")
            if len(self.taken) == 1:
                raise MemoryError
            return 3

    owner = Failing()
    with pytest.raises(MemoryError):
        _ = owner.flaky
    assert owner.flaky == 3
