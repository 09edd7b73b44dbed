"""Notes and figures in parts that a database column holds, whatever stood there before."""

from __future__ import annotations

import json

import pytest

from search.mirror.dashboard_keys import attachment_keys, figure_keys, note_keys, note_of
from search.mirror.shown import ShownFile

COLUMN = 2045


@pytest.mark.parametrize("length", [0, 1, COLUMN, COLUMN + 1, 5 * COLUMN + 3])
@pytest.mark.parametrize("trial_id", [None, 12])
def test_a_note_of_any_length_comes_back_and_no_part_is_too_long(length, trial_id):
    text = "".join(chr(97 + i % 26) for i in range(length))
    known = note_keys(text, trial_id=trial_id, known={})
    assert note_of(known, trial_id=trial_id) == text
    assert note_of(known, trial_id=99) == ""
    assert max((len(part) for part in known.values() if isinstance(part, str)), default=0) <= COLUMN


def test_a_shorter_note_leaves_nothing_of_a_longer_one_and_has_the_next_version():
    known = note_keys("x" * 3 * COLUMN, trial_id=3, known={"dashboard:note_ver": 7})
    known |= note_keys("short", trial_id=3, known=known)
    assert note_of(known, trial_id=3) == "short"
    assert (known["dashboard:3:note_ver"], known.get("dashboard:note_ver")) == (2, None)


def test_a_figure_comes_back_from_its_parts():
    figure = {"data": [{"x": list(range(2000))}]}
    keys = figure_keys("best", figure, {})
    assert len(keys) > 1
    assert json.loads("".join(str(keys[f"dashboard:plot_data:best:{i}"]) for i in range(len(keys)))) == figure


@pytest.mark.parametrize(
    ("name", "kind"),
    [("ranks.png", "image/png"), ("report.html", "text/html"), ("x.unknown", "application/octet-stream")],
)
def test_a_file_is_listed_with_its_kind_under_its_id(tmp_path, name, kind):
    ((key, listed),) = attachment_keys(ShownFile(name, tmp_path / "0a1b")).items()
    assert key == "artifacts:0a1b"
    assert json.loads(listed) == {"artifact_id": "0a1b", "filename": name, "mimetype": kind, "encoding": None}
