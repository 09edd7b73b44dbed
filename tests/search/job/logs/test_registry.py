"""Logs are found by name, and a package that is missing is one line."""

from __future__ import annotations

import sys

import pytest

from search.job.logs.registry import LOSS_LOGS, find_loss_log
from spaces.errors import InputError, UsageError


@pytest.mark.parametrize("name", LOSS_LOGS)
def test_a_missing_package_is_named_with_what_to_do(name, tmp_path, monkeypatch):
    ours = f"search.job.logs.{name}_log"
    for loaded in [one for one in sys.modules if one == ours or one.partition(".")[0] == name]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setattr(sys, "meta_path", [_Lacking(name), *sys.meta_path])
    with pytest.raises(
        InputError, match=rf"^{name} is missing, which `log={name}` needs; pip install {name}\.$"
    ):
        find_loss_log(name, tmp_path)


def test_an_unknown_name_is_told_the_known_ones(tmp_path):
    with pytest.raises(UsageError, match=r"`log='mlflow'` is unknown; choose from tensorboard, wandb"):
        find_loss_log("mlflow", tmp_path)


class _Lacking:
    """An environment in which a package is not installed."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == self._name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=self._name)
