from __future__ import annotations

import numpy as np
import pytest

from evaluators.objectives.choice_labels import COVERED, choice_labels, choices_of

IDS = np.array([5, 6, 0, 8])


def test_the_right_choice_is_to_be_learned_and_a_wrong_one_to_be_judged_alone():
    right = choice_labels(IDS, 2, question=3, place=1, right=True)
    wrong = choice_labels(IDS, 2, question=3, place=0, right=False)
    assert right[1:].tolist() == [-100, 0, 8]
    assert (wrong < 0).all()
    assert wrong[1:].tolist() == [-100, COVERED - 0, COVERED - 8]


def test_the_marks_say_which_rows_are_choices_of_which_question_whatever_their_order():
    rows = [
        choice_labels(IDS, 2, question=7, place=1, right=False),
        np.array([-100, 6, 0, 8]),  # no choice
        choice_labels(IDS, 1, question=0, place=0, right=True),
        choice_labels(IDS, 3, question=7, place=0, right=True),
    ]
    choices = choices_of(rows)
    assert choices.rows.tolist() == [0, 2, 3]
    assert choices.questions.tolist() == [7, 0, 7]
    assert choices.places.tolist() == [1, 0, 0]
    assert choices.right.tolist() == [False, True, True]


def test_rows_that_are_no_choices_say_nothing():
    assert not len(choices_of([np.array([-100, 4]), np.array([], dtype=np.int64)]).rows)


@pytest.mark.parametrize("start", [0, 4])
def test_a_choice_without_anything_to_judge_is_refused(start):
    with pytest.raises(ValueError, match=f"from token {start} of 4 on leaves nothing to judge"):
        choice_labels(IDS, start, question=0, place=0, right=False)
