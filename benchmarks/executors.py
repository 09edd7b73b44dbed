"""What a cohort costs the process that drives a search: trained here, in processes, on a Dask cluster.

Nothing is trained: each cohort is one candidate, whose training returns at once. Workers are warm. A cluster
is started before::

    dask scheduler --scheduler-file scheduler.json &
    dask worker --scheduler-file scheduler.json --nworkers 2 --nthreads 1 &
    python -m benchmarks.executors --dask scheduler.json --output executors-cpu.json
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from transformers import PreTrainedModel

import search
from evaluators.base.base_models import BaseModels
from evaluators.executors.clusters import CLUSTERS
from evaluators.executors.executor import Executor
from evaluators.executors.local import LocalExecutor
from evaluators.executors.workload import Work, Workload
from evaluators.training.candidate import Candidate, Evaluation, Trained
from evaluators.training.leg import Leg, whole

from .record import record

_WORKERS = 64  # of a cluster, at most


@dataclass(frozen=True, slots=True)
class NoTraining:
    """A ``Trainer`` that returns at once."""

    def __call__(
        self,
        model: PreTrainedModel,
        workload: Workload,
        legs: Sequence[Leg],
        on_step: Callable[[int], None],
    ) -> list[Trained]:
        return [Trained(Evaluation(leg.candidate, 0.0, 0.0, None, (0.0,), 0.0, 0), {}) for leg in legs]


def executors(jobs: int, dask: str | None) -> Iterator[tuple[str, Executor]]:
    """Those to measure, by name; one candidate a cohort."""
    yield "serial", LocalExecutor(("cpu",), 1)
    yield "processes", LocalExecutor(("cpu",), 1, jobs, threads=1)
    if dask is not None:
        yield "dask", CLUSTERS["dask"](dask, device="cpu", home="cpu", cohort_size=1, threads=1)


def seconds_each(executor: Executor, work: Work, models: BaseModels) -> dict[str, float]:
    """Of one cohort: seconds until its result is here, on average, and those of this process's CPU time."""
    with executor.opened() as opened:
        some = replace(work, legs=work.legs[: 2 * (executor.at_once or _WORKERS)])
        opened([some], models, on_done=lambda *_: None)  # which loads
        wall, own = time.perf_counter(), time.process_time()
        opened([work], models, on_done=lambda *_: None)
        wall, own = time.perf_counter() - wall, time.process_time() - own
    return {
        "at_once": executor.at_once,
        "seconds_a_cohort": wall / len(work.legs),
        "driver_cpu_seconds_a_cohort": own / len(work.legs),
    }


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.executors", description=__doc__)
    parser.add_argument("--cohorts", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--dask", help="the address of a scheduler, or its file; none: without")
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


def main() -> None:
    """Measures and prints."""
    args = parsed()
    bench = search.setup(space="lora[q,v]", budget="r=8", train_rows=2000, eval_rows=500, device="cpu")
    legs = whole(Candidate(bench.uniform(), seed, 1e-3) for seed in range(args.cohorts))
    work, models = Work(replace(bench.job.workload, trainer=NoTraining()), legs), bench.job.machine.models
    measured = {
        name: seconds_each(executor, work, models) for name, executor in executors(args.jobs, args.dask)
    }
    record("benchmarks.executors", "cpu", {"cohorts": args.cohorts, **measured}, args.output)


if __name__ == "__main__":
    main()
