"""A study of proxies and a comparison refuse a storage or a name that cannot be before they load a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import pytest

from search.cli.command import Command, Printed
from search.cli.compare import COMPARE
from search.cli.run_compare import run_compare
from search.cli.run_study import run_study
from search.cli.study import STUDY
from search.cli.typed import Typed
from search.job.machine import Machine
from search.mirror.shown import Aim
from search.mirror.study_mirror import begin_study
from search.mirror.study_place import StudyPlace
from search.storage.opened_storage import opened_storage

AIMS = [Aim("loss", "minimize")]
MACHINES = Callable[[Typed], Machine]


@dataclass(frozen=True)
class Called:
    """A command, and how it is run on a machine. more: to ask for. kind: of one of its studies."""

    command: Command
    run: Callable[[Typed, MACHINES], Printed]
    more: tuple[str, ...]
    grown: tuple[str, ...]
    kind: str = ""

    def begin(self, argv: list[str]) -> int:
        """The exit code of one that would fail where it loads its model."""
        return replace(self.command, run=partial(self.run, machine=loading)).main(argv)


CALLED = {
    "study": Called(
        STUDY,
        run_study,
        ("--allocations", "4", "--proxy", "grad_norm,params"),
        ("--allocations", "5", "--proxy", "grad_norm,params"),
        "1,024 parameters, alpha/r, lr 0.003",
    ),
    "compare": Called(COMPARE, run_compare, ("--methods", "lora"), ("--methods", "lora,head")),
}


def loading(given: Typed) -> Machine:
    raise AssertionError("the model is loaded")


@pytest.fixture(params=CALLED)
def called(request) -> Called:
    return CALLED[request.param]


@pytest.fixture
def line(small, called) -> list[str]:
    """Without what a search alone has."""
    own = ("--proposals", "--finalists")
    left = [one for one, before in zip(small, ["", *small], strict=False) if not {one, before} & {*own}]
    return [*left, *called.more]


def test_a_name_that_is_taken(called, line, tmp_path, capsys):
    storage = f"sqlite:///{tmp_path / 'shared.db'}"
    theirs = StudyPlace("tiny", {}, storage, identity="theirs").study(AIMS, kind=called.kind)
    with opened_storage(storage) as there:
        begin_study(there, theirs)
    named = [*line, "--storage", storage, "--study-name"]
    assert called.begin([*named, "tiny"]) == 2
    said = capsys.readouterr().err
    assert (
        f"--storage has a study {theirs.name!r} of another search, or of this one in another folder; " in said
    )
    assert "choose another --study-name." in said
    assert not (tmp_path / "out").exists()
    with pytest.raises(AssertionError, match="is loaded"):
        called.begin([*named, "another"])


def test_a_storage_that_cannot_be_written(called, line, tmp_path, capsys):
    with opened_storage(tmp_path / "shared.db"):
        pass
    address = f"sqlite:///file:{tmp_path / 'shared.db'}?mode=ro&uri=true"
    assert called.begin([*line, "--storage", address]) == 2
    assert "--storage can be read but not written" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_one_that_grows_keeps_the_name_that_was_chosen(called, line, tmp_path, capsys):
    storage = f"sqlite:///{tmp_path / 'shared.db'}"
    named = [*line, "--storage", storage, "--study-name", "tiny"]
    assert called.command.main(named) == 0, capsys.readouterr().err
    assert called.command.main([*named, *called.grown]) == 0, capsys.readouterr().err
    with opened_storage(storage) as there:
        trials = {one.study_name: there.get_n_trials(one._study_id) for one in there.get_all_studies()}
    grown = {name for name in trials if name.endswith("(2)") and name.startswith("tiny")}
    assert grown
    assert all(trials[name] == 1 + trials[name.removesuffix(" (2)")] for name in grown)
    assert called.begin([*named, "--output", str(tmp_path / "another")]) == 2
    assert "of this one in another folder; choose another --study-name." in capsys.readouterr().err
