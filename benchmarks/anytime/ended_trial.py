"""A trial that is over, and the file that trials are written to as they end."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from search.sampling.configuration import Configuration
from spaces.allocation import Allocation

__all__ = ["EndedTrial", "append_trial", "read_trials"]


@dataclass(frozen=True, slots=True)
class EndedTrial:
    """What a search had spent when a trial of it ended, and what the trial came to.

    configuration: what it trained. loss, metric: on the validation rows at the end of a whole training; None
    where it did not come to that. steps, seconds: of the whole search so far, those of other trials that are
    still being trained among them. own_steps, own_seconds: of this trial.
    """

    configuration: Configuration
    loss: float | None
    metric: float | None
    steps: int
    seconds: float
    own_steps: int
    own_seconds: float


def append_trial(path: Path, trial: EndedTrial) -> None:
    """Adds a line, which is on the disk when this returns."""
    own = trial.configuration
    plain = {**asdict(trial), "configuration": {**asdict(own), "allocation": dict(own.allocation.ranks)}}
    with path.open("a") as file:
        file.write(json.dumps(plain) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_trials(path: Path) -> list[EndedTrial]:
    """What stands in a file, in order; nothing of one that is not there. A last line that was cut off is left
    out, and cut off the file."""
    if not path.exists():
        return []
    text = path.read_text()
    if not text.endswith("\n"):
        text = text[: text.rfind("\n") + 1]
        path.write_text(text)
    return [_trial(json.loads(line)) for line in text.splitlines()]


def _trial(line: Mapping[str, object]) -> EndedTrial:
    fields = dict(line)
    own = fields.pop("configuration")
    assert isinstance(own, dict)
    configuration = Configuration(**{**own, "allocation": Allocation.of(own["allocation"])})
    return EndedTrial(configuration=configuration, **fields)  # type: ignore[arg-type]
