"""A look into an SQLite file, which stays as it is; without Optuna, whose import takes a second."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

__all__ = ["TABLES", "asked", "is_damaged"]

TABLES: Final = "SELECT name FROM sqlite_master WHERE type = 'table'"
_LOOK_S: Final = 1.0  # until a look into a file that another program holds is left out


def is_damaged(path: Path) -> bool:
    """Whether SQLite reads no tables in a file, or finds them out of order; False while another holds it."""
    try:
        tables, check = asked(path, TABLES, "PRAGMA quick_check(1)", within_s=_LOOK_S)
    except sqlite3.OperationalError:
        return False
    except sqlite3.DatabaseError:
        return True
    return not tables or check != [("ok",)]


def asked(path: Path, *statements: str, within_s: float) -> list[list[tuple[str, ...]]]:
    """The rows of each statement; the file stays as it is. within_s: seconds to wait for who holds it."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=within_s)) as opened:
        return [opened.execute(statement).fetchall() for statement in statements]
