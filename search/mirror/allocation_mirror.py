"""Trials that are allocations, shown in two studies: by the rank of every site, and by a few numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from search.storage.opened_storage import Place, opened_for_writing
from spaces.search_space import SearchSpace

from .allocation_trial import AllocationTrial, TrialAxes
from .shown import ShownFile, ShownStudy
from .shown_files import ShownFiles
from .study_mirror import StudyMirror, begin_study

__all__ = ["IN_SHORT", "AllocationMirror", "opened_mirror"]

IN_SHORT: Final = ", in short"
"""What follows a study's name in that of its twin of few parameters."""
_ABOUT_SHORT: Final = (
    "The trials of the study {name}, by a few numbers instead of the rank of every site: the share of all "
    "ranks that each role has, and the upper half of the layers, how many sites are on, and the share of the "
    "budget that is used, where that differs. Look here at Hyperparameter Importance, at Slice and Contour "
    "(Analytics), and at Parallel Coordinate (Smart Selection)."
)


@dataclass(frozen=True, slots=True, eq=False)
class AllocationMirror:
    """What ``opened_mirror`` gives: shows trials in both studies, each with its files.

    attachments: None where nothing is kept beside the storage.
    """

    space: SearchSpace
    choices: TrialAxes
    full: StudyMirror
    short: StudyMirror
    attachments: ShownFiles | None

    def show(self, trials: Sequence[AllocationTrial]) -> None:
        """Makes both studies' trials what these are; see ``StudyMirror.show``."""
        files = [self._files(one) for one in trials]
        self.full.show([self.choices.in_full(one, own) for one, own in zip(trials, files, strict=True)])
        self.short.show([self.choices.in_short(replace(one, note="")) for one in trials])

    def _files(self, trial: AllocationTrial) -> tuple[ShownFile, ...]:
        if self.attachments is None:
            return ()
        return self.attachments.of_allocation(trial.number, trial.allocation, self.space)


@contextmanager
def opened_mirror(
    where: Place,
    study: ShownStudy,
    space: SearchSpace,
    choices: TrialAxes,
    *,
    folder: Path | None,
    named: bool = False,
) -> Iterator[AllocationMirror]:
    """The two studies of allocations over a space, begun or gone on with; closed at the end.

    Args:
        where: the storage.
        study: the full one; the other is called after it.
        space: of which rank maps are drawn.
        choices: what the trials are made of.
        folder: gets the files beside trials; None: there are none.
        named: whether somebody chose the study's name.

    Raises UsageError where a name that was chosen is another study's.
    """
    with ExitStack() as stack:
        storage = stack.enter_context(opened_for_writing(where))
        full = begin_study(storage, study, named=named)
        twin = replace(study, name=f"{full.name}{IN_SHORT}")
        short = begin_study(storage, twin, named=named)
        short.describe(note=_ABOUT_SHORT.format(name=full.name))
        attachments = None if folder is None else ShownFiles(folder, full.name)
        yield AllocationMirror(space, choices, full, short, attachments)
