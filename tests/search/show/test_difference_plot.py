"""Every seed and the mean on the left; what differs from the baseline, and how surely, on the right."""

from search.show.difference_plot import DifferenceLine, difference_figure, draw_differences
from search.statistics.interval import Interval

LINES = (
    DifferenceLine("lora", (0.7, 0.72, 0.74), 0.72, None),
    DifferenceLine("sora", (0.8,), 0.8, Interval(0.1, None, None)),
)


def drawn(lines=LINES, baseline="lora"):
    return difference_figure(lines, title="title", label="test accuracy", baseline=baseline).axes


def test_the_baseline_is_marked_and_one_pair_has_no_interval():
    left, right = drawn()
    assert [label.get_text() for label in left.get_yticklabels()] == ["lora", "sora"]
    assert [line.get_marker() for line in right.lines if line.get_marker() != "None"] == ["D", "o"]
    assert not right.containers
    assert right.get_xlabel() == "difference to lora\n95 % t interval, uncorrected"
    assert left.get_xlabel().startswith("test accuracy\n")


def test_an_interval_is_a_bar_around_its_mean():
    _, right = drawn([*LINES, DifferenceLine("dylora", (0.8, 0.9), 0.85, Interval(0.1, -0.1, 0.3))])
    (bar,) = right.containers
    (segment,) = bar.lines[2][0].get_segments()
    assert [round(x, 9) for x, _ in segment] == [-0.1, 0.3]


def test_without_a_baseline_nothing_is_said_of_one(tmp_path):
    assert drawn(baseline=None)[1].get_xlabel() == ""
    draw_differences(LINES, tmp_path / "a.png", title="title", label="accuracy", baseline=None)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
