"""What can be chosen of the machine, with another cluster besides."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from evaluators.executors.clusters import CLUSTERS
from search.folder.output_folder import decisive
from search.job.machine import machine_of
from search.job.option import option
from search.job.settings import MachineSettings
from spaces.errors import UsageError

KINDS = [*CLUSTERS, "grid"]


@dataclass(frozen=True, slots=True)
class _WithGrid(MachineSettings):
    grid: str | None = option(None, "a grid", place_only=True)


@pytest.fixture(autouse=True)
def _a_cluster_more(monkeypatch):
    monkeypatch.setitem(CLUSTERS, "grid", lambda place, **_: f"at {place}")


@pytest.mark.parametrize("theirs", [{"devices": ("cpu", "cpu")}, {"jobs": 2}])
@pytest.mark.parametrize("kind", KINDS)
def test_what_a_cluster_s_workers_have_themselves_is_refused_beside_it(kind, theirs):
    said = f"`{kind}` and `{next(iter(theirs))}` exclude each other: a cluster's workers have their own"
    with pytest.raises(UsageError, match=said):
        _WithGrid(**{kind: "tcp://a:1"}, **theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_which_cluster_trains_decides_no_result(kind):
    assert decisive([_WithGrid(**{kind: "tcp://a:1"})]) == {}


def test_a_row_and_a_setting_of_its_name_are_a_cluster():
    assert machine_of(_WithGrid(grid="there", device="cpu")).executor == "at there"
