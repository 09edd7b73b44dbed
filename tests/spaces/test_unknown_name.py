from __future__ import annotations

import pytest

from spaces.unknown_name import unknown_name


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("grad_nrm", "`proxy='grad_nrm'` is unknown; did you mean grad_norm? Choose from grad_norm, snip."),
        ("nope", "`proxy='nope'` is unknown; choose from grad_norm, snip."),
    ],
)
def test_the_name_that_was_meant_comes_first(given: str, said: str) -> None:
    assert str(unknown_name("proxy", given, ["grad_norm", "snip"])) == said


def test_what_else_can_be_written_comes_last() -> None:
    assert str(unknown_name("task", "x", ["a"], more=", or a file")).endswith("choose from a, or a file.")
