"""How much of what a cohort computes on is padding, as rows are batched, and were they drawn as they come.

Nothing is trained: it follows from the lengths of the rows. Of the files of a named corpus::

    python -m benchmarks.padding --model smollm2 --task e2e --file devel.csv --output padding-e2e.json
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import numpy as np

from evaluators.training.padding_share import training_padding
from search.job.inputs import load_training_inputs
from search.job.settings import DataSettings, ModelSettings

from .record import record

SEEDS: Final = range(4)
"""Of candidates that train together, each with an order of its own."""


def as_drawn(lengths: np.ndarray, batch_size: int) -> float:
    """The share of padding where every candidate shuffles its rows and takes them as they come."""
    orders = [np.random.default_rng(seed).permutation(lengths) for seed in SEEDS]
    asked = 0
    for start in range(0, len(lengths), batch_size):
        step = [order[start : start + batch_size] for order in orders]
        asked += len(step) * len(step[0]) * max(int(batch.max()) for batch in step)
    return 1 - len(orders) * int(lengths.sum()) / asked


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.padding", description=__doc__)
    parser.add_argument("--model", default="smollm2", help="whose tokenizer it is")
    parser.add_argument("--task", required=True)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


def main() -> None:
    """Counts and prints."""
    args = parsed()
    data = DataSettings(task=args.task, train_file=args.file, eval_file=args.file)
    rows = load_training_inputs(ModelSettings(model=args.model), data, rows=args.rows).task.train
    lengths = np.array([len(ids) for ids in rows.input_ids])
    measured = {
        "rows": len(lengths),
        "tokens_a_row": float(lengths.mean()),
        "candidates": len(SEEDS),
        "padding_share": training_padding(lengths, args.batch_size, seeds=list(SEEDS)),
        "padding_share_as_drawn": as_drawn(lengths, args.batch_size),
    }
    record("benchmarks.padding", "cpu", measured, args.output)


if __name__ == "__main__":
    main()
