"""What can be chosen of a search that several drivers share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from search.job.option import Range, check_settings, option
from search.live.settings import LiveSettings
from search.storage.meeting_place import check_meeting_place
from search.storage.settings import StorageSettings
from spaces.errors import UsageError

__all__ = ["JoinSettings", "check_join"]

_HEARTBEAT_S: Final = 60


@dataclass(frozen=True, slots=True)
class JoinSettings:
    """Several machines."""

    join: bool = option(
        False,
        "share a live search with others that are started by the same line, each with an output folder of "
        "its own; they meet in the database `storage`, under the name `study_name`",
    )
    heartbeat: int = option(
        _HEARTBEAT_S,
        "seconds in which a driver shows that it is alive, for all as the first has it; one that is silent "
        "for five times as long is taken for dead, and others go on with its trials",
        metavar="S",
        between=Range(1, 3600),
        rare=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if not self.join and self.heartbeat != _HEARTBEAT_S:
            raise UsageError("`heartbeat` is of a search that is shared; add `join`, or leave it out.")


def check_join(join: JoinSettings, live: LiveSettings, shown: StorageSettings) -> None:
    """Raises UsageError where a search cannot be shared, before anything is opened or loaded."""
    if not join.join:
        return
    if not live.trials:
        raise UsageError("`join` is of a live search, and none is asked for; add `trials`.")
    if shown.storage is None:
        raise UsageError("`join` needs the database in which drivers meet; give `storage` its address.")
    if shown.study_name is None:
        raise UsageError("`join` needs the name under which drivers meet; give them all one `study_name`.")
    if len(live.objectives) > 1:
        raise UsageError(
            f"`join` and `objectives={','.join(live.objectives)}` exclude each other: a front's weights lie "
            "with those who trained them; give one objective."
        )
    check_meeting_place(shown.storage)
