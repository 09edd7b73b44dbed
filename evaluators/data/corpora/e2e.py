"""E2E: what is known of a restaurant, to be said in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from .entry import CorpusEntry, text_in
from .separator import SEPARATOR

__all__ = ["e2e_pairs", "linearised_meaning"]

_SLOT: Final = re.compile(r"([^\[\],][^\[\]]*)\[([^\]]*)\](?:, *)?")
_CALLED: Final[Mapping[str, str]] = MappingProxyType(
    {"eatType": "Type", "priceRange": "price", "familyFriendly": "family friendly"}
)


def e2e_pairs(entry: CorpusEntry) -> Iterator[tuple[str, str]]:
    """The prompt and the completion of a row with the columns mr and ref."""
    yield linearised_meaning(text_in(entry, "mr")) + SEPARATOR, " " + text_in(entry, "ref").strip()


def linearised_meaning(meaning: str) -> str:
    """A meaning representation as LoRA's program has it, slots in the file's order.

    Source: the slots' names and marks of data/e2e/test.txt of microsoft/LoRA (arXiv:2106.09685), which come
    from prefix-tuning's files. Its references are split into words, ours are as the file has them.
    Raises ValueError on what is no list of slots.

    >>> linearised_meaning("name[Alimentum], area[city centre], familyFriendly[no]")
    'name : Alimentum | area : city centre | family friendly : no'
    """
    slots = _SLOT.findall(meaning)
    if not slots or _SLOT.sub("", meaning).strip():
        raise ValueError(f"{meaning!r} is no list of slots such as name[Alimentum], area[city centre]")
    return " | ".join(f"{_CALLED.get(name, name)} : {value}" for name, value in slots)
