"""The page of a live search: its table, its facts, its maps, and nothing that is not escaped."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from search.live.settings import LiveSettings
from search.mirror.live_page import live_page, trials_table
from search.mirror.live_plots import LivePlot
from search.sampling.proposer import Proposer
from search.show.sheet import Sheet
from tests.search.live.settled_search import settled
from tests.search.live.test_pruning import trial_of


@pytest.fixture
def space(make_space):
    return make_space([(4, 4)] * 3, (0, 1, 2))


def trials():
    """Two to the end, one stopped at each rung, one lost; the last is a baseline."""
    return [
        replace(trial_of(0, 0.5), state="pruned", step=10),
        replace(trial_of(1, 0.4, 0.3, 0.2), state="complete", step=90, seconds=12.4),
        replace(trial_of(2, 0.4, 0.35), state="pruned", step=30),
        replace(trial_of(3), state="failed", failure="no <memory>", step=4),
        replace(trial_of(4, 0.6, 0.5, 0.1), state="complete", step=90, baseline=True),
    ]


@pytest.mark.parametrize(("first", "order"), [("loss", [4, 1, 2, 0, 3]), ("metric", [1, 4, 2, 0, 3])])
def test_the_furthest_and_best_come_first_with_a_column_for_every_rung(space, first, order):
    table = trials_table(settled(space, LiveSettings(trials=4, objectives=(first,))), trials())
    rows = [row.texts for row in table.rows]
    titles = [column.title for column in table.columns]
    assert [int(row[0]) for row in rows] == order
    rungs = [place for place, title in enumerate(titles) if title.endswith((" at 10", " at 30", " at 90"))]
    values = {int(row[0]): [row[place] for place in rungs] for row in rows}
    assert values[1] == ["0.4000", "0.3000", "0.2000"]
    assert values[2] == ["0.4000", "0.3500", ""]
    assert values[3] == ["", "", ""]
    ended = {int(row[0]): row[titles.index("ended")] for row in rows}
    assert ended == {0: "pruned", 1: "complete", 2: "pruned", 3: "failed: no <memory>", 4: "complete"}
    assert [row.texts[1].endswith("(baseline)") for row in table.rows] == [one == 4 for one in order]


def test_what_none_beats_is_marked(space):
    several = settled(space, LiveSettings(trials=4, objectives=("loss", "params")))
    own = [replace(one, params=100 - one.number) for one in trials()]
    assert {row.texts[0] for row in trials_table(several, own).rows if row.strong} == {"4"}
    larger = [replace(one, params=100 + one.number) for one in trials()]
    assert {row.texts[0] for row in trials_table(several, larger).rows if row.strong} == {"1", "4"}


class Pictures(HTMLParser):
    """The images of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.alts: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        assert tag != "script"
        if tag == "img":
            self.sources.append(dict(attrs)["src"])
            self.alts.append(dict(attrs)["alt"])

    def handle_data(self, data):
        self.text += data


def test_it_has_the_verdict_the_facts_and_a_map_of_each_that_was_judged(space, tmp_path):
    plot = tmp_path / "plot.png"
    Image.fromarray(np.zeros((8, 8, 3), dtype=np.uint8)).save(plot)
    search = settled(space, LiveSettings(trials=4), command="rankscape run --task 'a<b'")
    own = [replace(one, proposers=(Proposer("<i>"),)) for one in trials()]
    page = live_page(search, own, space, Sheet("Yes: <b> wins", ()), [LivePlot(plot, "It falls.")])
    seen = Pictures()
    seen.feed(page)
    text = " ".join(seen.text.split())
    assert "Yes: <b> wins" in text
    assert "5: 2 pruned, 2 complete, 1 failed" in text
    assert "224 candidate-steps, of 450 that training all of them to the end would be" in text
    assert "rankscape run --task 'a<b'" in text
    assert "It falls." in seen.alts[0]
    assert "http" not in "".join(seen.sources)
    assert len(seen.sources) == 1 + 4  # the one that failed before its first rung has no place among the best
    pictures = [Image.open(BytesIO(b64decode(one.partition("base64,")[2]))) for one in seen.sources]
    assert pictures[0].size == (8, 8)
    order = [alt.split("trial ")[1].split(",")[0] for alt in seen.alts[1:]]
    assert order == ["4", "1", "2", "0"]
