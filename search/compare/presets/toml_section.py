"""A table of a TOML file that knows where it stands, so that what is wrong in it can be named."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

__all__ = ["TomlSection"]

_T = TypeVar("_T", str, int, float, bool)
_KINDS: Final[Mapping[type, str]] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


@dataclass(frozen=True, slots=True, eq=False)
class TomlSection:
    """The keys of one table. place: the file and the way to the table in it, as errors call it.

    >>> TomlSection("paper.toml: tables[2]", {"number": "three"}).need("number", int)
    Traceback (most recent call last):
    ValueError: paper.toml: tables[2].number = 'three' must be a whole number.
    """

    place: str
    values: Mapping[str, object]

    def only(self, known: Collection[str]) -> TomlSection:
        """Itself; raises ValueError on a key that is not known."""
        for key in self.values.keys() - set(known):
            raise ValueError(f"{self.place}.{key} is unknown; there are {', '.join(known)}.")
        return self

    def need(self, key: str, kind: type[_T]) -> _T:
        """The value of a key, of that type; raises ValueError where it is not there or of another."""
        if key not in self.values:
            raise ValueError(f"{self.place}.{key} is missing; it must be {_KINDS[kind]}.")
        return self._checked(key, self.values[key], kind)

    def get(self, key: str, kind: type[_T]) -> _T | None:
        """Like ``need``; None where the key is not there."""
        return self.need(key, kind) if key in self.values else None

    def several(self, key: str, kind: type[_T]) -> tuple[_T, ...]:
        """A list of values of one type; empty where the key is not there."""
        found = self.values.get(key, [])
        if not isinstance(found, list):
            raise ValueError(f"{self.place}.{key} = {found!r} must be a list.")
        return tuple(self._checked(f"{key}[{i}]", value, kind) for i, value in enumerate(found))

    def named(self, key: str, kind: type[_T]) -> dict[str, _T]:
        """A table of values of one type; empty where the key is not there."""
        section = self.section(key)
        return {name: section.need(name, kind) for name in section.values}

    def section(self, key: str) -> TomlSection:
        """A table inside; one without keys where the key is not there."""
        return self._section(key, self.values.get(key, {}))

    def sections(self, key: str) -> tuple[TomlSection, ...]:
        """A list of tables; empty where the key is not there."""
        found = self.values.get(key, [])
        if not isinstance(found, list):
            raise ValueError(f"{self.place}.{key} must be a list of tables.")
        return tuple(self._section(f"{key}[{i}]", value) for i, value in enumerate(found))

    def _section(self, key: str, value: object) -> TomlSection:
        if not isinstance(value, dict):
            raise ValueError(f"{self.place}.{key} = {value!r} must be a table.")
        return TomlSection(f"{self.place}.{key}", value)

    def _checked(self, key: str, value: object, kind: type[_T]) -> _T:
        found = float(value) if kind is float and type(value) is int else value
        if type(found) is not kind:
            raise ValueError(f"{self.place}.{key} = {value!r} must be {_KINDS[kind]}.")
        return found
