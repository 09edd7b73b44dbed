"""Files beside a trial that the dashboard shows: its rank map as a picture, and ``allocation.json``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID, uuid5

from evaluators.store.whole_file import whole_file, write_whole
from search.job.run_names import ALLOCATION_FILE, RANKS_PLOT
from search.show.rank_map import draw_rank_map
from spaces.allocation import Allocation
from spaces.search_space import SearchSpace

from .shown import ShownFile

__all__ = ["ShownFiles"]

_OURS: Final = UUID("6f1d4c8e-52b8-5b0e-9f6b-3a7c1d2e4f50")  # any, of which our ids are made


@dataclass(frozen=True, slots=True)
class ShownFiles:
    """The files of one study. folder: where they lie, under ids that Optuna's file store reads.

    An id follows from the study, the trial and the name, so that what an earlier start has left is found.
    """

    folder: Path
    study: str

    def of_allocation(self, number: int, allocation: Allocation, space: SearchSpace) -> tuple[ShownFile, ...]:
        """The rank map and ``allocation.json`` of a trial; written where they are not there yet.

        space: its picture has the sites of it and of the allocation alone.
        """
        as_json = self._kept(number, ALLOCATION_FILE, lambda path: write_whole(path, allocation.to_json()))

        def draw(path: Path) -> None:
            with whole_file(path) as unfinished:
                draw_rank_map(allocation, space, unfinished)

        return self._kept(number, RANKS_PLOT, draw), as_json

    def of_study(self, source: Path) -> ShownFile:
        """A copy of a file beside the study itself."""
        attachment = self._named(f"study/{source.name}", source.name)
        with whole_file(attachment.path) as unfinished:
            unfinished.write_bytes(source.read_bytes())
        return attachment

    def _kept(self, number: int, name: str, write: Callable[[Path], None]) -> ShownFile:
        attachment = self._named(f"{number}/{name}", name)
        if not attachment.path.exists():
            write(attachment.path)
        return attachment

    def _named(self, what: str, name: str) -> ShownFile:
        self.folder.mkdir(parents=True, exist_ok=True)
        return ShownFile(name, self.folder / str(uuid5(_OURS, f"{self.study}/{what}")))
