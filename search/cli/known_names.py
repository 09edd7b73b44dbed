"""Names that were typed, held against their registries before anything is imported that takes seconds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from search.job.option import Option, options_of
from spaces.unknown_name import unknown_name

from .registry_names import registry_names
from .typed import Typed

__all__ = ["check_names_typed"]

_JOINT: Final = re.compile(r".*:|\+")  # of what is built of others, as ensemble:grad_norm+snr


def check_names_typed(given: Typed, settings: type) -> None:
    """Raises UsageError on the first typed name of an option with ``among`` that no registry of it has.

    Of what is built of several names each is looked up; how they are put together is not judged here.
    """
    for one, about in options_of(settings):
        if about.among and one.name in given.names:
            known = [name for registry in about.known for name in registry_names(registry)]
            behind = [name for registry in about.behind for name in registry_names(registry)]
            for name in _names(given.values[one.name], about):
                if name not in (*known, *behind, about.every):
                    raise unknown_name(one.name, name, known, behind=behind)


def _names(value: object, about: Option) -> Iterator[str]:
    values = value if isinstance(value, tuple) else (value,)
    for text in map(str, values):
        yield from [text] if about.whole else filter(None, _JOINT.split(text))
