"""A name that means something to a library means but itself in every picture, page, table and file."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from search.compare.arm import Arm
from search.show.difference_plot import DifferenceLine, draw_differences
from search.show.heat_map import draw_rank_heat_map, draw_share_heat_map
from search.show.scatter_plots import Truths, draw_scatters
from search.study.display.cost_table import Cost
from search.study.display.page import Section, render_page
from search.study.display.plots import LOOKS, draw_correlations
from search.study.display.study_sheet import report_sheet
from spaces.search_space import SearchSpace
from spaces.show.picture import new_figure, save_png, short
from spaces.show.score_maps import draw_score_maps
from tests.nasty import LONG, NASTY
from tests.search.conftest import SMALL
from tests.search.study.conftest import card_of, report_of

UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
NAMES = pytest.mark.parametrize(
    "name", [NASTY, LONG, "漢字", "\ud800"], ids=["nasty", "long", "wide", "half"]
)


def named(space: SearchSpace, name: str) -> SearchSpace:
    """The space with that name for the role of its first site."""
    first, *others = space.sites
    role = name.replace(".", "")
    return replace(space, sites=(replace(first, name=f"layers.0.{role}", role=role), *others))


@NAMES
def test_every_picture_can_be_drawn(name, opt_space, tmp_path):
    path, space = tmp_path / "a.png", named(opt_space, name)
    report = report_of(card_of(name, 0.7), card_of("params", 0.2), stratum=name)
    ones = np.ones(len(space.sites))
    lines, truths = [DifferenceLine(name, (0.7, 0.8), 0.75, None)], np.ones(3)
    for draw in (
        lambda: draw_rank_heat_map(space.allocation([2] * 143), space, path, title=name),
        lambda: draw_share_heat_map(ones, space, path, title=name, label=name),
        lambda: draw_differences(lines, path, title=name, label=name, baseline=name),
        lambda: draw_correlations(report, path, chance={}),
        lambda: draw_scatters(
            {name: np.arange(3.0)}, Truths(truths, truths, ["random"] * 3, name), LOOKS, path
        ),
        lambda: draw_score_maps({name: ones}, space, path),
    ):
        draw()
        drawn = list(tmp_path.iterdir())
        assert drawn
        for one in drawn:
            assert one.stat().st_size > 1000
            one.unlink()


def test_a_formula_is_drawn_as_it_is_written(tmp_path):
    figure = new_figure(3, 2)
    axes = figure.subplots()
    axes.set_title("$x^2$")
    axes.set_yticks([0, 1], ["a$b", "$\\frac$"])
    axes.annotate("$_$", (0, 0))
    save_png(figure, tmp_path / "a.png")
    assert axes.title.get_window_extent().width > 40  # five letters, not two
    assert not any(label.get_parse_math() for label in axes.get_yticklabels())


def test_a_name_beside_an_axis_is_short():
    assert len(short(LONG)) <= 45
    assert short(NASTY) == 'a$b_{\\x1b[31m}<b>"&%/..\\u202e\\n'


@NAMES
def test_a_page_and_its_text_hold_nothing_unseen_and_no_markup(name):
    report = report_of(card_of(name, 0.7), contests=1, stratum=name)
    page = render_page(
        title=name,
        headline=name,
        verdict=name,
        facts=[(name, name)],
        sections=[Section(report, ())],
        costs=[Cost(name, 1.0, 1.0, 1.0)],
        left_out=[(name, name)],
    )
    page.encode()
    assert not UNSEEN.search(page)
    assert "<b>" not in page
    text = report_sheet(name, report, [name]).text
    text.encode()
    assert not UNSEEN.search(text)


@pytest.mark.parametrize("label", [NASTY, LONG, "../..", "/etc", "漢" * 300])
def test_a_file_name_stays_in_its_folder_and_is_no_longer_than_one_may_be(label, tmp_path):
    name = Arm(label, "lora", "lora", "r=2", "preserve").file_name
    (tmp_path / f"{name}.png").touch()
    assert [path.name for path in tmp_path.iterdir()] == [f"{name}.png"]


def test_a_whole_run_with_such_names_shows_none_of_it_raw(model_folder, tmp_path):
    place = tmp_path / NASTY.replace("/", "").strip()
    place.mkdir()
    rows = [{"a": f"a {'good' if i % 2 else 'bad'} film {i}", "b": f"{NASTY}{i % 2}"} for i in range(60)]
    for part in ("train", "dev"):
        (place / f"{part}$x_{{.jsonl").write_text("\n".join(map(json.dumps, rows)))
    files = ["--train-file", str(place / "train$x_{.jsonl"), "--eval-file", str(place / "dev$x_{.jsonl")]
    argv = ["--model", str(model_folder.rename(place / "m$o_{")), *files, "--text-columns", "a"]
    argv += ["--label-column", "b", "--budget", "r=2", "--output", str(place / "out"), *SMALL]
    argv.remove("--quiet")
    done = subprocess.run([sys.executable, "-m", "search.run", *argv], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    for text in (done.stdout.decode(), done.stderr.decode()):
        assert not UNSEEN.search(text)
        assert "\\x1b[31m" in text
