"""What can be chosen of the Hugging Face hub."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from search.job.option import check_settings, option
from spaces.errors import UsageError
from spaces.printable import quoted

__all__ = ["HubSettings"]

_NAME: Final = re.compile(r"(?:[\w.-]+/)?\w(?:[\w.-]{0,94}\w)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class HubSettings:
    """The Hugging Face hub."""

    push_to_hub: str | None = option(
        None, "put the adapter on the hub, under this name: MODEL or USER/MODEL", metavar="NAME"
    )
    hub_private_repo: bool = option(
        False, "a repository made for it is private; else as your account has it, which is public", rare=True
    )

    def __post_init__(self) -> None:
        check_settings(self)
        name = self.push_to_hub
        if name is None:
            if self.hub_private_repo:
                raise UsageError(
                    "`hub_private_repo` is of `push_to_hub`, which is missing; give both or none."
                )
            return
        if not _NAME.fullmatch(name) or "--" in name or ".." in name or name.endswith(".git"):
            raise UsageError(f"`push_to_hub` {quoted(name)} is no name on the hub; give MODEL or USER/MODEL.")
