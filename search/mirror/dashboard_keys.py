"""Where optuna-dashboard looks for notes, figures and files: Optuna's system attributes, by their names.

Read in optuna-dashboard 0.21 (``_note.py``, ``_custom_plot_data.py``) and Optuna 5.0
(``artifacts/_upload.py``), whose own functions write an attribute at a time; the tests read back with theirs
what is written here.
"""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Mapping
from typing import Final

from .shown import ShownFile

__all__ = ["attachment_keys", "figure_keys", "note_keys", "note_of"]

_LONGEST: Final = 2045  # characters of an attribute that hold in MySQL's TEXT column


def note_keys(text: str, *, trial_id: int | None, known: Mapping[str, object]) -> dict[str, object]:
    """The study's attributes that make ``text`` (Markdown) the note of a trial, or its own if that is None.

    known: the study's system attributes so far, which tell of the note before.
    """
    version = known.get(_version_key(trial_id), 0)
    assert isinstance(version, int)
    return {_version_key(trial_id): version + 1, **_in_parts(text, _text_key(trial_id), known)}


def note_of(known: Mapping[str, object], *, trial_id: int | None) -> str:
    """The note that a study's system attributes hold of a trial, or of itself; empty where there is none."""
    prefix = _text_key(trial_id)
    parts: list[str] = []
    while (key := f"{prefix}{len(parts)}") in known:
        parts.append(str(known[key]))
    return "".join(parts)


def figure_keys(name: str, figure: Mapping[str, object], known: Mapping[str, object]) -> dict[str, object]:
    """The study's attributes that show a figure on its page.

    name: an id of HTML. figure: of Plotly, as JSON has it. known: as of ``note_keys``.
    """
    return _in_parts(json.dumps(figure), f"dashboard:plot_data:{name}:", known)


def attachment_keys(attachment: ShownFile) -> dict[str, object]:
    """The system attribute, of a trial or of a study, that lists a file beside it."""
    kind, encoding = mimetypes.guess_type(attachment.name)
    listed = {
        "artifact_id": attachment.path.name,
        "filename": attachment.name,
        "mimetype": kind or "application/octet-stream",
        "encoding": encoding,
    }
    return {f"artifacts:{attachment.path.name}": json.dumps(listed)}


def _version_key(trial_id: int | None) -> str:
    return "dashboard:note_ver" if trial_id is None else f"dashboard:{trial_id}:note_ver"


def _text_key(trial_id: int | None) -> str:
    return "dashboard:note_str:" if trial_id is None else f"dashboard:{trial_id}:note_str:"


def _in_parts(text: str, prefix: str, known: Mapping[str, object]) -> dict[str, object]:
    """A long text as attributes that are numbered; those of a longer one before are emptied."""
    parts = [text[start : start + _LONGEST] for start in range(0, len(text), _LONGEST)]
    while f"{prefix}{len(parts)}" in known:
        parts.append("")
    return {f"{prefix}{number}": part for number, part in enumerate(parts)}
