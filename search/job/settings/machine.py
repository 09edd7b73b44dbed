"""What can be chosen of the machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import product

from evaluators.executors.clusters import CLUSTERS
from search.job.option import Range, check_settings, option
from spaces.errors import UsageError

from .ranges import COUNTS

__all__ = ["MachineSettings"]


@dataclass(frozen=True, slots=True)
class MachineSettings:
    """The machine."""

    device: str = option("auto", "auto, cpu, cuda[:i] or mps", metavar="D", place_only=True)
    devices: tuple[str, ...] | None = option(
        None, "several, for example cuda:0,cuda:1", metavar="D,...", rare=True, repeats=True, place_only=True
    )
    jobs: int | None = option(
        None,
        "processes that train cohorts",
        metavar="N",
        between=Range(1, 256),  # each a process with a model of its own
        default_text="one per device",
        rare=True,
        place_only=True,
    )
    cohort_size: int | None = option(
        None,
        "candidates that share a forward pass",
        metavar="C",
        between=COUNTS,
        default_text="4 on a CPU, 32 on a GPU, at most an equal share for each process",
        rare=True,
        place_only=True,
    )
    threads: int | None = option(
        None,
        "CPU threads",
        metavar="N",
        between=Range(1, max(64, 4 * (os.cpu_count() or 1))),  # thousands end in a segmentation fault
        default_text="all cores",
        rare=True,
        place_only=True,
    )
    dask: str | None = option(
        None,
        "train on the workers of this Dask cluster: tcp://HOST:PORT, or its scheduler's file",
        metavar="PLACE",
        default_text="on this machine",
        rare=True,
        place_only=True,
        file=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if self.device != "auto" and self.devices:
            raise UsageError("`device` and `devices` exclude each other; give one of them.")
        for kind, name in product(CLUSTERS, ("devices", "jobs")):
            if getattr(self, kind) and getattr(self, name):
                raise UsageError(
                    f"`{kind}` and `{name}` exclude each other: a cluster's workers have their own."
                )
