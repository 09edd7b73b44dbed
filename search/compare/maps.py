"""Pictures of what an arm chose: the ranks it ended with, and how long each site was on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from evaluators.training.candidate import History, Trained
from search.methods.enabling_frequency import enabling_frequency
from search.show.heat_map import draw_rank_heat_map, draw_share_heat_map
from spaces.counted import counted
from spaces.search_space import SearchSpace

from .standing import ArmRuns

__all__ = ["draw_maps", "enabled_shares"]


def draw_maps(own: ArmRuns, space: SearchSpace, folder: Path) -> None:
    """Writes ``ranks/LABEL.png``, of the first seed; where ranks changed also ``enabled/LABEL.png``,
    the mean over seeds (HeteroLoRA, arXiv:2406.14956, figures 4 to 6).

    An arm whose sites are not the space's, or that has none, has no picture.
    """
    finished = _finished(own)
    if not finished:
        return
    (folder / "ranks").mkdir(exist_ok=True)
    path = folder / "ranks" / f"{own.arm.file_name}.png"
    draw_rank_heat_map(finished[0].allocation, space, path, title=own.arm.label)
    if (shares := enabled_shares(own, space)) is not None:
        (folder / "enabled").mkdir(exist_ok=True)
        path = folder / "enabled" / f"{own.arm.file_name}.png"
        title = f"{own.arm.label}, mean of {counted(len(finished), 'seed')}"
        draw_share_heat_map(shares, space, path, title=title, label="share of its ranks that were on")


def enabled_shares(own: ArmRuns, space: SearchSpace) -> np.ndarray | None:
    """How much of each site was on in training, mean over the seeds that finished: (sites,), in [0, 1].

    None where no rank ever changed.
    """
    finished = _finished(own)
    histories = [_whole_history(run) for run in finished]
    if not any(len(history) > 1 for history in histories):
        return None
    shares: np.ndarray = np.mean(
        [
            enabling_frequency(
                history, run.evaluation.candidate.allocation, space.sites, len(run.evaluation.curve)
            )
            for history, run in zip(histories, finished, strict=True)
        ],
        axis=0,
    )
    return shares


def _finished(own: ArmRuns) -> list[Trained]:
    """The runs that ended with wires."""
    return [run for run in own.runs if run.course is not None and run.allocation.ranks]


def _whole_history(run: Trained) -> History:
    """From step 0 on: before its first change a candidate had the ranks it began with."""
    assert run.course is not None
    history = run.course.history
    if not history or history[0][0] > 0:
        history = ((0, run.evaluation.candidate.allocation), *history)
    return tuple((step, ranks) for step, ranks in history if step < len(run.evaluation.curve))
