"""The two errors that are the user's to mend; a command prints them as one line, without a traceback."""

__all__ = ["InputError", "UsageError"]


class InputError(ValueError):
    """A file, a model or a data set cannot be used as it is. Commands exit with 1."""


class UsageError(InputError):
    """An option cannot mean anything here. Commands exit with 2."""
