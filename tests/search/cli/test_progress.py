"""Progress without a terminal is a line at the start and for each tenth, in good English."""

from __future__ import annotations

import io
import logging
import sys

from search.cli.progress import progress_on_stderr


def lines_of(caplog, total, *, quiet=False, **units):
    caplog.set_level(logging.WARNING if quiet else logging.INFO)
    with progress_on_stderr(quiet=quiet)("scoring", total, "batch", **units) as advance:
        for _ in range(total):
            advance(1)
    return caplog.messages


def test_it_begins_at_once_and_counts_in_the_plural(caplog):
    assert lines_of(caplog, 2, units="batches") == [
        "scoring: 0 of 2 batches",
        "scoring: 1 of 2 batches",
        "scoring: 2 of 2 batches",
    ]


def test_of_one_it_is_the_singular(caplog):
    assert lines_of(caplog, 1, units="batches")[-1] == "scoring: 1 of 1 batch"


def test_of_many_there_is_a_line_for_each_tenth(caplog):
    found = lines_of(caplog, 2500, units="batches")
    assert len(found) == 11
    assert found[-1] == "scoring: 2,500 of 2,500 batches"


def test_of_nothing_it_says_nothing(caplog):
    assert lines_of(caplog, 0) == []


def test_a_note_stands_behind_the_next_line_and_stays(caplog):
    caplog.set_level(logging.INFO)
    with progress_on_stderr(quiet=False)("searching", 2, "trial") as advance:
        advance(0, "2 running")
        advance(1)
        advance(1, "2 pruned")
    assert caplog.messages == [
        "searching: 0 of 2 trials",
        "searching: 1 of 2 trials; 2 running",
        "searching: 2 of 2 trials; 2 pruned",
    ]


def test_the_last_line_is_of_the_end_however_many_there_were(caplog):
    caplog.set_level(logging.INFO)
    with progress_on_stderr(quiet=False)("searching", 40, "trial") as advance:
        for number in range(9):
            advance(1, f"{8 - number} running")
        advance(0, "9 pruned")
    assert caplog.messages == [
        "searching: 0 of 40 trials",
        "searching: 4 of 40 trials; 5 running",
        "searching: 8 of 40 trials; 1 running",
        "searching: 9 of 40 trials; 9 pruned",
    ]


def test_what_takes_minutes_says_how_long_the_rest_will_take(caplog):
    caplog.set_level(logging.INFO)
    assert paced(caplog, 4, [300, 300, 300, 300]) == [
        "searching: 0 of 4 trials",
        "searching: 1 of 4 trials; 1 running; about 15 min left",
        "searching: 2 of 4 trials; 1 running; about 10 min left",
        "searching: 3 of 4 trials; 1 running; about 5 min left",
        "searching: 4 of 4 trials; 1 running",
    ]


def test_what_was_known_at_the_start_does_not_count_for_the_pace(caplog):
    assert paced(caplog, 10, [1, 1, 1, 1, 1, 1, 1, 300, 300, 300])[-3:] == [
        "searching: 8 of 10 trials; 1 running; about 10 min left",
        "searching: 9 of 10 trials; 1 running; about 5 min left",
        "searching: 10 of 10 trials; 1 running",
    ]


def paced(caplog, total, seconds):
    """The lines of trials that take so long each."""
    caplog.set_level(logging.INFO)
    now = [0.0]
    with progress_on_stderr(quiet=False, clock=lambda: now[0])("searching", total, "trial") as advance:
        for one in seconds:
            now[0] += one
            advance(1, "1 running")
    return caplog.messages


def test_on_a_terminal_the_last_note_stays_on_the_screen(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with progress_on_stderr(quiet=False)("searching", 40, "trial") as advance:
        for number in range(9):
            advance(1, f"{8 - number} running")
    last = screen.getvalue().rstrip().rpartition("\r")[2]
    assert "9/40" in last
    assert "0 running" in last


def test_on_a_terminal_the_note_stands_behind_the_bar(monkeypatch, caplog):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with progress_on_stderr(quiet=False)("searching", 2, "trial") as advance:
        advance(0, "2 running\x1b[31m")
    assert "2 running\\x1b[31m" in screen.getvalue()
    assert caplog.messages == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True
