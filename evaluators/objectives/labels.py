"""What labels are, what classes are called, the one that F1 is of, and what a reader must know of labels."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

import numpy as np

from evaluators.metrics.classes import BINARY_METRICS
from spaces.counted import counted
from spaces.errors import UsageError
from spaces.printable import quoted_names

__all__ = [
    "Labels",
    "are_fractions",
    "ascending_names",
    "fractions_note",
    "look_alikes",
    "one_label_only",
    "positive_label",
    "said_of",
]

Labels = np.ndarray | tuple[np.ndarray, ...]
"""Of n rows: (n,), int64 class ids or float32 values; or one (tokens,) int64 a row, below zero no target."""

_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,9})?")
_WHOLE: Final = re.compile(r"[+-]?[0-9]+")
_ENDLESS: Final = frozenset({"inf", "-inf"})


def ascending_names(labels: Iterable[str]) -> tuple[str, ...]:
    """Each label once: by its number where every one writes a whole number, else by alphabet.

    >>> ascending_names(["10", "9", "2", "10"])
    ('2', '9', '10')
    """
    names = sorted(set(labels))
    whole = all(_WHOLE.fullmatch(name) for name in names)
    return tuple(sorted(names, key=Decimal) if whole else names)


def are_fractions(names: Iterable[str]) -> bool:
    """Whether all of them write finite numbers, and not all of these are whole.

    >>> are_fractions(["0", "0.5", "1"]), are_fractions(["0", "1.0"]), are_fractions(["0.5", "none"])
    (True, False, False)
    """
    written = [name.casefold() for name in names]
    if not all(_NUMBER.fullmatch(name) for name in written):
        return False
    return any(number != number.to_integral_value() for number in map(Decimal, written))


def fractions_note(names: Sequence[str]) -> list[str]:
    """A sentence where labels are numbers that are hardly meant to be names."""
    if not are_fractions(names):
        return []
    return [
        f"the labels {quoted_names(names)} are numbers, not all of them whole, and here "
        f"{counted(len(names), 'class', 'classes')}; `objective=regression` learns them as numbers"
    ]


def positive_label(given: str | None, metric: str, names: Sequence[str], labels: Sequence[str]) -> str | None:
    """The label that F1 is of: the one given, else of two the rarer among ``labels``, else the last name.

    names: ascending. labels: of the training rows. None where there are not two names.
    Raises UsageError where one is given that is no label, or to a metric that is of no one label.
    """
    if given is not None and metric not in BINARY_METRICS:
        raise UsageError(
            f"`positive_label={given!r}`: {metric} is of no one label among {quoted_names(names)}; "
            f"leave it out, or choose as `metric` one of {sorted(BINARY_METRICS)}."
        )
    if given is not None and given not in names:
        raise UsageError(
            f"`positive_label={given!r}` is none of the labels {quoted_names(names)}; name one of them."
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
    parts: Mapping[str, np.ndarray], shown: Callable[[np.ndarray], str], meaning: Callable[[np.ndarray], str]
) -> list[str]:
    """A sentence for each part whose rows all have one label, which no metric can make much of.

    parts: labels (n,), n >= 1, by the name of the part. shown: what a label is called. meaning: what it does
    to the metric that all have this one.
    """
    notes = []
    for part, labels in parts.items():
        if (labels == labels[0]).all():
            training = part == "training"
            why = "nothing else can be learned from them" if training else meaning(labels[0])
            notes.append(f"the {part} rows all have the label {shown(labels[0])}: {why}")
    return notes


def _as_read(name: str) -> str | Decimal:
    """A name without what the eye passes over: case, blanks, invisible characters, Unicode's compositions.

    Where it writes a finite number, that number, exactly.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    seen = "".join(c for c in folded if unicodedata.category(c) not in ("Cc", "Cf", "Zs"))
    return Decimal(seen) if _NUMBER.fullmatch(seen) else seen
