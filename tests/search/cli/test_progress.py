"""Progress without a terminal is a line at the start and for each tenth, in good English."""

from __future__ import annotations

import logging

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
