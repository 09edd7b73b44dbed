"""Cutting rows into two parts by a hash of their text, never by their place in a file or by a seed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from spaces.counted import counted
from spaces.errors import InputError

__all__ = ["hash_order", "split_by_text", "stable_fraction"]


def stable_fraction(text: str, *, salt: str = "") -> float:
    """A number in [0, 1) that depends on the text alone, uniform over texts.

    The first 53 bits (a float's) of BLAKE2b of the UTF-8 text. Another salt gives independent numbers:
    a part that was itself cut by this hash must be cut again by another salt (at most 16 bytes).
    """
    encoded = text.encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(encoded, digest_size=8, salt=salt.encode()).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53


def hash_order(texts: Sequence[str], labels: Sequence[object], *, salt: str = "") -> list[int]:
    """Row indices in ascending order of stable_fraction, so that a prefix is a fair sample.

    The order of the texts does not depend on the order given; equal texts are neighbours, by label.
    """
    return sorted(
        range(len(texts)), key=lambda i: (stable_fraction(texts[i], salt=salt), texts[i], str(labels[i]))
    )


def split_by_text(texts: Sequence[str], *, share: float, salt: str = "") -> tuple[list[int], list[int]]:
    """Row indices (rest, part), each ascending, equal texts on one side.

    The part holds the texts whose stable_fraction is below ``share``. Where one side would be empty, it
    gets the text nearest to the cut.
    Raises InputError where there are fewer than two distinct texts.
    """
    fractions = {text: stable_fraction(text, salt=salt) for text in texts}
    if len(fractions) < 2:
        raise InputError(
            f"{counted(len(texts), 'row')} with {counted(len(fractions), 'distinct text')} cannot be "
            "cut into two parts; "
            "give at least 2 rows with different texts."
        )
    ascending = sorted(fractions, key=lambda text: (fractions[text], text))
    cut = sum(fraction < share for fraction in fractions.values())
    part = set(ascending[: min(max(cut, 1), len(ascending) - 1)])
    return (
        [i for i, text in enumerate(texts) if text not in part],
        [i for i, text in enumerate(texts) if text in part],
    )
