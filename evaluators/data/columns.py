"""The columns of a file that was read, and what may be asked of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from spaces.counted import counted
from spaces.errors import InputError

__all__ = ["Columns"]

_EXACT: Final = 2.0**53  # above it not every whole number is a double


@dataclass(frozen=True, slots=True)
class Columns:
    """path: of the file, which messages name. values: by column one a row, None where it has none."""

    path: Path
    values: Mapping[str, Sequence[object]]

    def __contains__(self, name: str) -> bool:
        return name in self.values

    @property
    def names(self) -> list[str]:
        return list(self.values)

    def strings(self, name: str) -> list[str | None]:
        """A column's values as text, None where there is none or nothing but white space.

        Whole numbers lose their decimal point, true and false are 1 and 0. Raises InputError on a value that
        is neither text nor number.
        """
        return [self._string(name, number, value) for number, value in enumerate(self.values[name], start=1)]

    def texts(self, name: str) -> list[str | None]:
        """The same of a column that a model reads or says, where true and false are refused, too."""
        for number, value in enumerate(self.values[name], start=1):
            if isinstance(value, bool):
                raise InputError(
                    f"{self.path}: column {name!r} holds a bool at row {number}; write as text what is to be "
                    'read or said, such as "yes".'
                )
        return self.strings(name)

    def _string(self, name: str, number: int, value: object) -> str | None:
        if value is None or value != value or (isinstance(value, str) and not value.strip()):
            return None
        if isinstance(value, str):
            return self.checked(name, number, value)
        if isinstance(value, int):  # bool is an int
            return str(int(value))
        if isinstance(value, float):
            whole = value.is_integer() and abs(value) < _EXACT
            return str(int(value)) if whole else str(value)
        raise InputError(
            f"{self.path}: column {name!r} holds a {type(value).__name__} at row {number}; "
            "texts and labels must be strings or numbers."
        )

    def checked(self, name: str, number: int, text: str) -> str:
        """The text; raises InputError where it is none that could be written."""
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            raise InputError(
                f"{self.path}: column {name!r} has half a character (a lone surrogate) at row {number}."
            )
        return text

    def refuse_missing(self, what: str, missing: Sequence[bool]) -> None:
        """Raises InputError where a row lacks what every one needs."""
        if any(missing):
            raise InputError(
                f"{self.path}: {sum(missing)} of {counted(len(missing), 'row')} lack {what}, the first is "
                f"row {missing.index(True) + 1} (from 1 after any header); fill or drop them."
            )
