"""Values of settings are of the types that their fields declare."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch

from search.job.option import check_settings, option
from search.job.right_type import path_of, several
from spaces.errors import UsageError


@dataclass(frozen=True)
class Kinds:
    count: int | None = option(1, "how many")
    share: float = option(0.5, "how much")
    names: tuple[str, ...] | None = option(None, "who")
    path: Path | None = option(None, "where")
    flag: bool = option(False, "whether")
    way: Literal["a", "b"] = option("a", "how")

    def __post_init__(self) -> None:
        check_settings(self)


@pytest.mark.parametrize(
    "values",
    [
        {"count": None},
        {"count": np.int64(3)},
        {"share": 1},
        {"share": np.float32(0.5)},
        {"names": ("a",)},
        {"path": Path("a")},
        {"flag": True, "way": "b"},
    ],
)
def test_what_is_of_the_type_will_do(values: dict[str, Any]) -> None:
    Kinds(**values)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"count": "3"}, "`count='3'` must be a whole number."),
        ({"count": 1.5}, "`count=1.5` must be a whole number."),
        ({"count": True}, "`count=True` must be a whole number."),
        ({"share": "much"}, "`share='much'` must be a number."),
        ({"names": (1,)}, "`names=(1,)` must be texts."),
        ({"path": 3}, "`path=3` must be a path."),
        ({"flag": 1}, "`flag=1` must be True or False."),
        ({"way": "c"}, "`way=c` is unknown; choose one of a, b."),
        ({"way": None}, "`way=None` must be text."),
    ],
)
def test_what_is_not_is_refused_by_the_argument_s_name(values: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as refused:
        Kinds(**values)
    assert str(refused.value) == says


def test_large_values_are_shown_in_one_short_line() -> None:
    with pytest.raises(UsageError) as refused:
        Kinds(share=torch.nn.Linear(1, 1))  # type: ignore[arg-type]
    assert len(str(refused.value)) < 100
    with pytest.raises(UsageError, match="`train` is a Linear; give a path"):
        path_of("train", torch.nn.Linear(1, 1))  # type: ignore[arg-type]


def test_a_lone_text_stands_for_a_tuple_of_one() -> None:
    assert several("snip") == ("snip",)
    assert several(["snip", "gps"]) == ("snip", "gps")
    assert several(None) is None
    assert several(3) == 3
