"""Messages speak of what the caller gave."""

from __future__ import annotations

import pytest

from search.run.own_names import own_names
from spaces.errors import InputError, UsageError

NAMES = {"train_file": "train", "proxy": "proxies"}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("`train_file=a.tsv` is not there", "`train=a.tsv` is not there"),
        ("give `train_file` and `proxy`", "give `train` and `proxies`"),
        ("`train_files=a` and `own_proxy` stay", "`train_files=a` and `own_proxy` stay"),
        ("the file train_file=a stays", "the file train_file=a stays"),
    ],
)
@pytest.mark.parametrize("kind", [InputError, UsageError])
def test_arguments_in_backticks_are_called_as_they_were_given(said, meant, kind):
    with pytest.raises(kind) as raised, own_names(NAMES):
        raise kind(said)
    assert str(raised.value) == meant
    assert type(raised.value) is kind


def test_other_errors_are_let_through():
    with pytest.raises(KeyError), own_names(NAMES):
        raise KeyError("train_file")
