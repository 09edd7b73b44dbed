"""How the arguments that a message names are typed on a command line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass
from typing import Any, Final

from search.job.option import Option, options_of

__all__ = ["Flags", "flag_of"]

_QUOTE: Final = (
    r"""(?:(?<!\w)'(?:.|\n  )*?'(?!\w)|(?<!\w)"(?:.|\n  )*?"(?!\w))"""  # may go on in the next line
)
_NAMED: Final = rf"`(?P<name>[a-z][a-z0-9_]*)(?:=(?P<value>{_QUOTE}[^`]*|[^`]*))?`"
_SAID: Final = re.compile(f"{_NAMED}|{_QUOTE}")


def flag_of(one: Field[Any], about: Option) -> str:
    """How the option of a field is typed."""
    return about.flag or f"--{one.name.replace('_', '-')}"


@dataclass(frozen=True, slots=True)
class Flags:
    """The options of one command. by_name: field -> flag."""

    by_name: Mapping[str, str]

    @classmethod
    def of(cls, settings: Iterable[type]) -> Flags:
        """Of all fields of some settings classes."""
        return cls({one.name: flag_of(one, about) for own in settings for one, about in options_of(own)})

    @property
    def words(self) -> list[str]:
        """Those of them that are no flags: words of their own."""
        return [flag for flag in self.by_name.values() if not flag.startswith("-")]

    def said(self, message: str) -> str:
        """The message with each argument of the command as it is typed; what is no argument stays.

        So does what stands in quotes, as texts of others do.

        >>> Flags({"lr": "--lr"}).said("`lr=0.1` is too large; lower `lr`, or `rank`.")
        '--lr 0.1 is too large; lower --lr, or `rank`.'
        """
        return _SAID.sub(self._typed, message)

    def _typed(self, found: re.Match[str]) -> str:
        name, value = found["name"], found["value"]
        if name not in self.by_name:
            return found[0]
        return self.by_name[name] if value is None else f"{self.by_name[name]} {value}"
