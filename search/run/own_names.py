"""Messages by the names that a caller knows, where arguments are called otherwise below."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from spaces.errors import InputError

__all__ = ["own_names"]


@contextmanager
def own_names(names: Mapping[str, str]) -> Iterator[None]:
    """Raises InputErrors of the block with these arguments under the caller's names. names: inner -> own.

    >>> try:
    ...     with own_names({"train_file": "train"}):
    ...         raise InputError("`train_file=a.tsv` is not there; `task` is another way.")
    ... except InputError as error:
    ...     print(error)
    `train=a.tsv` is not there; `task` is another way.
    """
    try:
        yield
    except InputError as error:
        said = str(error)
        for inner, own in names.items():
            said = re.sub(rf"`{inner}(?=[=`])", f"`{own}", said)
        if said == str(error):
            raise
        raise type(error)(said) from error
