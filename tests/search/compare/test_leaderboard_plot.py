"""The leaderboard as lines of a picture: what has a metric, and how it differs."""

from search.compare.leaderboard_plot import difference_lines, draw_leaderboard
from tests.search.compare.test_leaderboard_table import board_of
from tests.search.compare.test_standing import runs_of

ARMS = [runs_of("lora", (0.7, 0.72, 0.74)), runs_of("sora", (0.8, None, None)), runs_of("dead", (None,) * 3)]


def test_what_failed_on_every_seed_is_not_drawn_and_lost_seeds_have_no_dot(tmp_path):
    board = board_of(ARMS, metric_title="f1 of 'fraud'")
    lora, sora = difference_lines(board.standings)
    assert (lora.name, lora.values, lora.difference) == ("lora", (0.7, 0.72, 0.74), None)
    assert (sora.values, sora.difference) == ((0.8,), board.standings[1].difference.interval)
    draw_leaderboard(board, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 1000
