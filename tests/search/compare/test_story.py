"""What is told of an arm's adapter."""

from __future__ import annotations

from search.compare.story import arm_story
from tests.search.compare.test_leaderboard_table import arms, board_of

ROWS = {"train": 1200, "test": 40}


def test_an_arm_stands_beside_the_one_that_all_are_compared_with() -> None:
    story = arm_story(board_of(arms(), rows=ROWS), "sora", command="rankscape compare")
    header, lora, sora = story.measured
    assert header[3:] == ("accuracy, 40 test rows", "minus lora [95 %]")
    assert lora[0] == "lora"
    assert lora[2:] == ("3 of 3", "0.7200 ± 0.0200", "-")
    assert sora[:4] == ("sora", "80", "2 of 3", "0.8500 ± 0.0707")
    assert sora[4].startswith("+0.1")
    assert (story.task, story.budget, story.verdict) == ("rows", 100, "Not shown.")


def test_the_baseline_itself_stands_alone_and_a_failed_arm_is_said_to_have_failed() -> None:
    board = board_of(arms(), rows=ROWS)
    assert [row[0] for row in arm_story(board, "lora", command=None).measured[1:]] == ["lora"]
    assert arm_story(board, "broken", command=None).measured[2][2:4] == ("0 of 3", "failed")
