"""How few steps and rows do proxies of the super-network need to rank sites as training each alone does?

Reads the stratum ``only`` of a study's table, scores its sites anew after each number of warm-up steps, and
prints Spearman's rank correlation with minus the loss. The study's own options say what is scored.
example: python -m benchmarks.warm_up --from results/study-rotten-tomatoes --steps 8,16,32,64
--space 'lora[q,v,fc1,fc2]+shortcut' --budget r=2 --scaling constant --lr 2e-3 --batch-size 4
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from evaluators.store.benchmark_table import BenchmarkTable
from proxies.measure.warm_up import WarmUp
from proxies.registry import PROXIES, score_sites
from search.cli.ground_of import ground_of, machine_given
from search.cli.study import STUDY
from search.job.job import Job
from search.job.prepare import prepare
from search.job.scoring import evidence_of, scoring_batches
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from search.study.pipeline import TABLE
from search.study.settings import StudySettings

from .record import record

MEASURED = ("solo_linear", "solo", "sensitivity_sum", "grad_norm@warm", "snip@warm")


def site_truth(table: BenchmarkTable) -> dict[str, float]:
    """Minus the loss after training a site alone, mean over seeds, by site."""
    (stratum,) = (stratum for stratum in table.strata if stratum.kind == "only")
    return {
        entry.allocation.ranks[0][0]: -float(np.mean([run.loss for run in entry.runs]))
        for entry in table.of(stratum)
    }


def correlations(job: Job, truth: dict[str, float], steps: int, names: tuple[str, ...]) -> dict[str, object]:
    """Spearman and seconds alone of each proxy after so many warm-up steps."""
    warm_up = WarmUp(steps=steps)
    evidence = evidence_of(job, scoring_batches(job), job.space, warm_up=warm_up)
    known = [truth[site.name] for site in job.space.sites]
    found: dict[str, object] = {}
    for name in names:
        with evidence.meter.reading() as reading:
            (scores,) = score_sites([PROXIES[name]], evidence)
        rho = float(spearmanr(scores.by_site, known).statistic)
        found[name] = {"spearman": round(rho, 3), "seconds": round(reading.seconds, 2)}
        print(f"{steps:4d} steps  {name:16s} rho {rho:+.3f}  {reading.seconds:6.1f} s", flush=True)
    return found


def main() -> None:
    """Measures and prints."""
    own = argparse.ArgumentParser(prog="python -m benchmarks.warm_up", description=__doc__)
    own.add_argument("--steps", default="8,16,32,64")
    own.add_argument("--names", default=",".join(MEASURED))
    own.add_argument("--record", type=Path)
    given, words = own.parse_known_args()
    steps, names, path = given.steps, tuple(given.names.split(",")), given.record
    typed = STUDY.read(words)
    scoring, source = typed.of(ScoringSettings), typed.of(StudySettings).source
    if source is None:
        own.error("--from is needed: the folder of a study that trained every site alone")
    ground = ground_of(typed, machine_given(typed))
    job = prepare(ground, typed.of(SpaceSettings), typed.of(TrainingSettings), scoring)
    truth = site_truth(BenchmarkTable.read(source / TABLE))
    measured = {
        "task": job.task.name,
        "scoring": [scoring.scoring_batches, scoring.scoring_batch_size],
        "by_steps": {count: correlations(job, truth, int(count), names) for count in steps.split(",")},
    }
    record("benchmarks.warm_up", job.machine.devices[0], measured, path)


if __name__ == "__main__":
    main()
