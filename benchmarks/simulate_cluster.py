"""A live search with 1 to 1,024 workers, in simulated time, over a table of learning curves. example:
python -m benchmarks.simulate_cluster --table results/anytime/curves-sst2.jsonl --output cluster.json
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from .anytime.live_search import settings_of
from .cluster.as_they_come import search_as_they_come
from .cluster.driver_log import DriverLog
from .cluster.in_waves import search_in_waves
from .cluster.virtual_cluster import VirtualCluster
from .curves.curve_table import CurveTable, read_table
from .curves.replay import Replay
from .record import record

_ORDERS: Final = {"waves": search_in_waves, "as they come": search_as_they_come}
_GOOD: Final = 0.02  # a regret that is called good


def simulated(
    table: CurveTable, order: str, workers: int, args: argparse.Namespace, *, seed: int
) -> Mapping[str, object]:
    """What one search comes to. regret: (seconds, how far what looks best by then is above the best)."""
    world, contest = Replay(table, seed=seed), table.contest
    rng = np.random.default_rng([seed, workers])
    cluster = VirtualCluster(workers, world, args.spread, args.overhead, rng)
    log, trials = DriverLog(world), max(args.trials, args.trials_per_worker * workers)
    settings = settings_of(contest, trials=trials, halving=3, at_once=workers)
    steps = _ORDERS[order](contest, settings, cluster, log, seed=seed)
    asked = trials + len(contest.choices.grid) * 2
    good = next((at for at, regret in log.regret if regret <= _GOOD), None)
    return {
        "order": order,
        "workers": workers,
        "seed": seed,
        "trials": trials,
        "candidate_steps": steps,
        "makespan_s": round(log.now, 1),
        "busy_share": round(cluster.busy / (workers * log.now), 3),
        "driver_s": round(log.driver, 2),
        "driver_ms_per_trial": round(1e3 * log.driver / asked, 1),
        "driver_share_of_makespan": round(log.driver / log.now, 4),
        "transactions": log.transactions,
        "rows_per_trial": round(log.rows / asked, 2),
        "final_regret": round(log.regret[-1][1], 4) if log.regret else None,
        "seconds_to_good": None if good is None else round(good, 1),
        "regret": [(round(at, 1), round(regret, 4)) for at, regret in log.regret],
    }


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulate_cluster", description=__doc__)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--workers", default="1,4,16,64,256,1024")
    parser.add_argument("--trials", type=int, default=128)
    parser.add_argument("--trials-per-worker", type=int, default=2, help="where that is more")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--spread", type=float, default=0.3, help="of the logarithm of a leg's duration")
    parser.add_argument("--overhead", type=float, default=0.5, help="seconds of a leg beside its steps")
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


def main() -> None:
    """Simulates, smallest clusters first."""
    args = parsed()
    table, rows = read_table(args.table), []
    for workers in map(int, args.workers.split(",")):
        for order in _ORDERS:
            for seed in range(args.seeds):
                began = time.perf_counter()
                rows.append(simulated(table, order, workers, args, seed=seed))
                print(rows[-1], f"{time.perf_counter() - began:.0f} s", file=sys.stderr)
    record("benchmarks.simulate_cluster", "cpu", {"good_regret": _GOOD, "rows": rows}, args.output)


if __name__ == "__main__":
    main()
