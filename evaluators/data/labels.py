"""What labels mean: their names, the one that F1 is of, and what a reader must know of them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import numpy as np

from evaluators.metrics.registry import BINARY_METRICS, REGRESSION_METRICS
from spaces.counted import counted
from spaces.errors import InputError, UsageError

__all__ = ["LARGEST", "look_alikes", "one_label_only", "positive_label", "regression_label", "said_of"]

_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,9})?")
_ENDLESS: Final = frozenset({"inf", "-inf"})
LARGEST = 1e15
"""Of a regression label, up or down: squared errors must be float32 numbers, also their sum over all rows."""


def positive_label(given: str | None, metric: str, names: Sequence[str], labels: Sequence[str]) -> str | None:
    """The label that F1 is of: the one given, else of two the rarer among ``labels``, else the last name.

    names: ascending, empty for regression. labels: of the training rows. None where there are not two names.
    Raises UsageError where one is given that is no label, or to a metric that is of no one label.
    """
    if given is not None and metric not in BINARY_METRICS:
        raise UsageError(
            f"--positive-label {given!r}: {metric} is of no one label among {_shown(names)}; "
            f"leave it out, or choose --metric {' or '.join(sorted(BINARY_METRICS))}."
        )
    if given is not None and given not in names:
        raise UsageError(
            f"--positive-label {given!r} is none of the labels {_shown(names)}; name one of them."
        )
    if given is not None or len(names) != 2:
        return given
    counts = Counter(labels)
    return names[0] if counts[names[0]] < counts[names[1]] else names[1]


def said_of(positive: str, labels: Sequence[str], *, given: bool) -> str:
    """Whose F1 it is, for a person. given: not chosen for its being rare."""
    share = Counter(labels)[positive] / len(labels)
    why = "" if given else ("the rarer one, " if share < 0.5 else "the last one, ")
    return f"F1 is of the label {positive!r}, {why}{share:.1%} of the training rows"


def look_alikes(names: Sequence[str]) -> list[str]:
    """A sentence for each group of labels that a person would read as one, or that a reader made one."""
    groups: dict[str | Decimal, list[str]] = {}
    for name in names:
        groups.setdefault(_as_read(name), []).append(name)
    alike = [
        f"the labels {', '.join(map(ascii, group))} differ in case, blanks, Unicode form or the way to write "
        f"a number alone, and are {counted(len(group), 'class', 'classes')}; write them alike if they are one"
        for group in groups.values()
        if len(group) > 1
    ]
    endless = [
        f"the label {name!r} is also what every number too large for a double, such as 1e400, is read as; "
        "where that is what the file has, write its labels as text"
        for name in names
        if name in _ENDLESS
    ]
    return alike + endless


def one_label_only(
    metric: str, names: Sequence[str], positive: str | None, parts: Mapping[str, np.ndarray]
) -> list[str]:
    """A sentence for each part whose rows all have one label, which no metric can make much of.

    parts: labels (n,), n >= 1, by the name of the part: class ids, or values where there are no names.
    """
    notes = []
    for part, labels in parts.items():
        if not (labels == labels[0]).all():
            continue
        name = names[int(labels[0])] if names else None
        if part == "training":
            meaning = "nothing else can be learned from them"
        elif metric in ("matthews", *REGRESSION_METRICS) or (metric == "f1" and name != positive):
            meaning = f"{metric} is 0 there whatever a model predicts"
        else:
            meaning = f"{metric} is best there for a model that always predicts it"
        shown = f"{labels[0]:g}" if name is None else repr(name)
        notes.append(f"the {part} rows all have the label {shown}: {meaning}")
    return notes


def regression_label(label: str | float, part: str) -> float:
    """A label of a regression; raises InputError where it is none that float32 can learn."""
    try:
        value = float(label)
    except (ValueError, OverflowError):  # the latter of a whole number beyond a double
        value = np.nan
    if not abs(value) <= LARGEST:  # nor NaN
        shown = repr(label) if len(str(label)) <= 40 else f"{str(label)[:40]!r}..."
        raise InputError(
            f"label {shown} of the {part} rows is not a finite number between {-LARGEST:g} and {LARGEST:g}, "
            "which regression needs; mend or drop its row."
        )
    return value


def _as_read(name: str) -> str | Decimal:
    """A name without what the eye passes over: case, blanks, invisible characters, Unicode's compositions.

    Where it writes a finite number, that number, exactly.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    seen = "".join(c for c in folded if unicodedata.category(c) not in ("Cc", "Cf", "Zs"))
    return Decimal(seen) if _NUMBER.fullmatch(seen) else seen


def _shown(names: Sequence[str]) -> str:
    return (", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")) or "numbers"
