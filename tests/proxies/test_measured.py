"""A shared measurement is taken once, and counted for everyone who looks at it."""

from __future__ import annotations

import time

import pytest

from proxies.measured import Meter, measured


class Owner:
    def __init__(self) -> None:
        self.meter = Meter()
        self.taken: list[str] = []

    @measured
    def base(self) -> int:
        """One."""
        self.taken.append("base")
        time.sleep(0.05)
        return 1

    @measured
    def built(self) -> int:
        self.taken.append("built")
        time.sleep(0.02)
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
    first = seconds(owner, lambda: owner.built)
    later = seconds(owner, lambda: owner.built)
    base = seconds(owner, lambda: owner.base)
    nothing = seconds(owner, lambda: None)
    assert first == pytest.approx(0.07, abs=0.02)
    assert later == pytest.approx(first, abs=0.005)
    assert base == pytest.approx(0.05, abs=0.015)
    assert nothing < 0.005


def test_ones_own_work_is_counted_besides():
    owner = Owner()
    _ = owner.base
    assert seconds(owner, lambda: (owner.base, time.sleep(0.03))) == pytest.approx(0.08, abs=0.02)


def test_looking_twice_is_paid_once():
    owner = Owner()
    assert seconds(owner, lambda: (owner.built, owner.base, owner.built)) == pytest.approx(0.07, abs=0.02)


def test_what_is_dropped_is_taken_again():
    owner = Owner()
    _ = owner.base
    del owner.__dict__["base"]
    _ = owner.base
    assert owner.taken == ["base", "base"]


def test_it_cannot_be_set():
    with pytest.raises(AttributeError, match=r"Owner\.base"):
        Owner().base = 2
