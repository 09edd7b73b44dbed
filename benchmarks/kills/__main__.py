"""Commands killed at random moments, gone on with, and compared with undisturbed ones.

Each start is forked from this process, which has imported what it needs, so that kills fall into work and not
into imports. One line a kill, kept in DIR, where an interrupted call of this goes on; at the end the sum of
all that DIR holds, which is all that ``--kills 0`` does::

    python -m benchmarks.kills --command run --victim group --kills 50 --work DIR
    python -m benchmarks.kills --command study compare --victim worker --jobs 2 --kills 50 --work DIR
    python -m benchmarks.kills --victim dask-worker --kills 10 --work DIR
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.record import record

from .campaign import Campaign
from .cases import CASES
from .dask_cluster import dask_cluster
from .inputs import tiny_inputs
from .lines import campaigns_summed
from .victims import SIGNALS, VICTIMS, Victim

_ON_DASK: Final = "dask-worker"


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=__doc__)
    parser.add_argument("--command", choices=CASES, nargs="+", default=list(CASES))
    parser.add_argument("--victim", choices=[*VICTIMS, _ON_DASK], default="group")
    parser.add_argument("--signal", choices=SIGNALS, default="kill")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--kills", type=int, default=50, help="of each command, at least")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, required=True, help="a folder; what it holds is gone on with")
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


@contextmanager
def campaigns(args: argparse.Namespace) -> Iterator[list[Campaign]]:
    """Those that were asked for, ready to run; a Dask cluster lives as long as the block."""
    work = args.work.absolute()
    shared: dict[str, Any] = {"strike": SIGNALS[args.signal], "kills": args.kills, "seed": args.seed}
    suffix, inputs = f"{args.victim}-{args.signal}", tiny_inputs(work / "inputs")
    lines = {name: [*CASES[name].split(), *inputs] for name in args.command}
    if args.victim == _ON_DASK:
        with dask_cluster(work / "dask") as cluster:
            more = {"victim": Victim(cluster.victims, ends=False), "made_good": cluster.mended}
            where = ["--dask", str(cluster.file)]
            yield [
                Campaign(f"{name}-{suffix}", [*words, *where], work=work, **shared, **more)
                for name, words in lines.items()
            ]
    else:
        jobs = ["--jobs", str(args.jobs)] if args.jobs > 1 else []
        victim, ending = VICTIMS[args.victim], f"-jobs-{args.jobs}" if jobs else ""
        yield [
            Campaign(f"{name}-{suffix}{ending}", [*words, *jobs], victim, work=work, **shared)
            for name, words in lines.items()
        ]


def main() -> None:
    """Kills and compares."""
    args = parsed()
    with campaigns(args) as asked:
        for one in asked:
            one.run()
    found = {"seed": args.seed, "campaigns": campaigns_summed(args.work)}
    record("benchmarks.kills", "cpu", found, args.output)


if __name__ == "__main__":
    main()
