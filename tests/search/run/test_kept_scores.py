"""A search goes by the scores with which it began, wherever it goes on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from search.run.kept_scores import keep_scores, read_scores, settled_scores, write_scores


@pytest.fixture
def tables(make_space, make_scores):
    """Scores of one proxy as two machines round them, and of another."""
    space = make_space([(4, 4)] * 2, (0, 2))
    return [
        make_scores(space, np.array([[worth], [1 / 3]]), proxy=proxy)
        for proxy, worth in (("snip", 1 / 3), ("snip", np.nextafter(1 / 3, 0)), ("zico", 2.0))
    ]


def by_rank(scores):
    return [(table.proxy, table.by_site.tolist(), table.by_rank.tolist()) for table in scores]


def test_scores_that_another_machine_rounds_otherwise_are_those_of_the_first_start(tables, tmp_path, caplog):
    caplog.set_level("INFO")
    here, elsewhere, other = tables
    assert by_rank(settled_scores(tmp_path, [here, other])) == by_rank([here, other])
    assert by_rank(settled_scores(tmp_path, [here, other])) == by_rank([here, other])
    assert not caplog.text
    assert by_rank(settled_scores(tmp_path, [elsewhere, other])) == by_rank([here, other])
    assert "going on with the scores of snip with which it began, not those of now" in caplog.text
    assert by_rank(settled_scores(tmp_path / "another", [elsewhere])) == by_rank([elsewhere])


def test_those_that_are_kept_later_are_the_first_from_then_on(tables, tmp_path):
    here, elsewhere, _ = tables
    settled_scores(tmp_path, [here])
    keep_scores(tmp_path, [elsewhere])
    assert by_rank(settled_scores(tmp_path, [here])) == by_rank([elsewhere])


def test_what_is_damaged_or_of_another_proxy_is_measured_anew(tables, tmp_path, caplog):
    here, elsewhere, other = tables
    settled_scores(tmp_path, [here])
    (path,) = (tmp_path / "scores").iterdir()
    whole = path.read_text()
    write_scores(tmp_path / "zico.json", other)
    for damaged in (whole[:-9], whole.replace("snip", "snap"), (tmp_path / "zico.json").read_text()):
        path.write_text(damaged)
        assert by_rank(settled_scores(tmp_path, [elsewhere])) == by_rank([elsewhere])
        assert "its proxy scores again" in caplog.text
        caplog.clear()


def test_what_else_is_known_stays_with_them_and_what_no_file_can_say_is_not_written(tables, tmp_path):
    here, _, _ = tables
    write_scores(tmp_path / "own.json", here, {"seconds": 2.0})
    scores, known = read_scores(tmp_path / "own.json", here.space)
    assert (by_rank([scores]), known["seconds"]) == (by_rank([here]), 2.0)
    write_scores(tmp_path / "together.json", replace(here, together=lambda ranks: ranks.sum(axis=1)))
    assert read_scores(tmp_path / "together.json", here.space) is None
