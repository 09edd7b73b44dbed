"""What cannot be is refused by the settings alone, and nothing that may be is."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluators.training.candidate import Recipe
from search.job.settings import DataSettings, SpaceSettings, TrainingSettings
from search.live.settings import LiveSettings
from search.run.before_loading import check_before_loading
from search.run.settings import SearchSettings
from spaces.errors import UsageError

FILES = {"train_file": Path("a.tsv"), "eval_file": Path("b.tsv")}


def check(*, budget="2.3M", data=None, training=None, evaluator="train", **live):
    check_before_loading(
        SearchSettings(evaluator=evaluator),
        LiveSettings(**{"trials": 4, **live}),
        SpaceSettings(budget=budget),
        DataSettings(**(data or {})),
        TrainingSettings(**(training or {})),
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"evaluator": "supernet"}, "`trials=4` and `evaluator=supernet` exclude each other"),
        ({"budget_min": "3M"}, "`budget_min=3M` is above `budget=2.3M`; give less"),
        ({"budget_min": "r=9", "budget": "r=8"}, "`budget_min=r=9` is above `budget=r=8`"),
        ({"budget_min": "2%", "budget": "1%"}, "`budget_min=2%` is above `budget=1%`"),
        ({"rungs": 9}, "which has only 64 steps"),  # of the embedded task
        ({"data": {**FILES, "train_rows": 40}}, "which has only 3 steps"),
    ],
)
def test_it_is_refused(given, said):
    with pytest.raises(UsageError) as refused:
        check(**given)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"trials": 0, "evaluator": "supernet"},
        {"budget_min": "r=9", "budget": "1%"},  # which only the model can tell
        {"budget_min": "2.3M"},
        {"data": FILES, "rungs": 9},  # there may be rows enough
        {"data": {**FILES, "train_rows": 40}, "training": {"epochs": 3.0}},
    ],
)
def test_what_may_be_is_not(given):
    check(**given)


@pytest.mark.parametrize(("rows", "size", "epochs"), [(1, 16, 0.1), (40, 16, 1.0), (41, 8, 2.5)])
def test_steps_are_those_of_the_training(rows, size, epochs):
    steps = Recipe(epochs=epochs, batch_size=size).steps(rows)
    with pytest.raises(UsageError, match=rf"which has only {steps} step"):
        check(
            data={**FILES, "train_rows": rows},
            training={"epochs": epochs, "batch_size": size},
            halving=50,
        )
