"""Kinds of clusters, and what each needs."""

from __future__ import annotations

import sys

import pytest

from evaluators.executors.clusters import CLUSTERS
from search.job.settings import MachineSettings
from spaces.errors import InputError


def test_every_kind_is_a_setting_of_the_machine():
    assert all(getattr(MachineSettings(), kind) is None for kind in CLUSTERS)


@pytest.mark.parametrize("missing", ["dask", "distributed"])
def test_a_package_that_is_missing_is_named_with_the_extra_that_brings_it(missing, monkeypatch):
    for module in [name for name in sys.modules if name.startswith("evaluators.executors.dask")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(InputError, match=r"is missing, which `dask` needs; pip install -e '\.\[cluster\]'"):
        CLUSTERS["dask"]("tcp://127.0.0.1:1", device="cpu", home="cpu", cohort_size=1, threads=1)
