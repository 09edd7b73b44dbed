"""What can be chosen of a search that several drivers share."""

from __future__ import annotations

from dataclasses import dataclass

from search.job.option import Range, check_settings, option

__all__ = ["JoinSettings"]


@dataclass(frozen=True, slots=True)
class JoinSettings:
    """Several machines."""

    join: bool = option(
        False,
        "share a live search with others that are started by the same line, each with an output folder of "
        "its own; `storage` is the database in which they meet",
    )
    heartbeat: int = option(
        60,
        "seconds in which a driver shows that it is alive; one that is silent for five times as long is "
        "taken for dead, and others go on with its trials",
        metavar="S",
        between=Range(1, 3600),
        rare=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)
