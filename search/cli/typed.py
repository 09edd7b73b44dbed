"""What a command line says, and the settings that it makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from search.job.option import options_of

__all__ = ["Typed"]

_Settings = TypeVar("_Settings")


@dataclass(frozen=True, slots=True)
class Typed:
    """values: by field, all that is not left at its default. names: the fields among them that were typed."""

    values: Mapping[str, object]
    names: frozenset[str]

    @classmethod
    def only(cls, values: Mapping[str, object]) -> Typed:
        """Nothing but what was typed."""
        return cls(values, frozenset(values))

    def of(self, settings: type[_Settings]) -> _Settings:
        """The settings of one concern; raises UsageError where they cannot be."""
        own = {one.name for one, _ in options_of(settings)}
        return settings(**{name: value for name, value in self.values.items() if name in own})

    def each(self, kinds: Iterable[type]) -> list[Any]:
        """The settings of several concerns, in order; raises UsageError where one cannot be."""
        return [self.of(settings) for settings in kinds]

    def filled(self, **values: object) -> Typed:
        """The same, with values that nobody typed."""
        return Typed({**self.values, **values}, self.names)
