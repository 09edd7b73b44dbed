"""The two errors that are the user's to mend; a command prints them as one line, without a traceback."""

__all__ = ["InputError", "UsageError", "what_went_wrong"]


class InputError(ValueError):
    """A file, a model or a data set cannot be used as it is. Commands exit with 1.

    >>> from spaces import Allocation
    >>> try:
    ...     Allocation.from_json("[8]")
    ... except InputError as error:
    ...     print(str(error).partition(";")[0])
    an allocation: the whole must be an object, not [8]
    """


class UsageError(InputError):
    """An option, or an argument, cannot mean anything here. Commands exit with 2.

    >>> from spaces import parse_space
    >>> try:
    ...     parse_space("lora[]")
    ... except UsageError as error:
    ...     print(str(error).partition(";")[0])
    `space='lora[]'`: a role is empty in []
    """


def what_went_wrong(error: InputError) -> str:
    """Its sentence without what to do about it, which stands behind the last semicolon.

    >>> [what_went_wrong(InputError(said)) for said in ("a.csv has no rows; give another", "it is full")]
    ['a.csv has no rows', 'it is full']
    """
    said = str(error)
    return said.rpartition("; ")[0] or said
