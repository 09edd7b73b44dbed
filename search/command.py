"""What every command has in common: options, logs on stderr, the result on stdout, exit codes."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from spaces.errors import InputError, UsageError
from spaces.printable import PrintableFormatter, printable, show

from .options import SHARED, Arguments, Options, add_arguments, typed

__all__ = ["run_command"]

_log = logging.getLogger(__name__)
_AnyOptions = TypeVar("_AnyOptions", bound=Options)


def run_command(
    argv: Sequence[str] | None,
    run: Callable[[_AnyOptions], tuple[dict[str, object], str]],
    options: type[_AnyOptions],
    *,
    prog: str,
    description: str | None,
    example: str,
    arguments: Arguments,
) -> int:
    """Reads the options, runs, prints; 0 when done, 1 on failure, 2 on wrong usage, 130 when interrupted.

    run: gives the object that ``--json`` prints, and the text that is printed otherwise. It imports
    torch itself, after ``--help`` has been served. arguments: the command's own, besides the shared ones.
    """
    parser = argparse.ArgumentParser(prog=prog, description=description, epilog=f"example: {example}")
    every = {**SHARED, **arguments}
    add_arguments(parser, every)
    parsed = vars(parser.parse_args(argv))
    try:
        chosen = options(**parsed, typed=typed(argv, every))
        _show_logs(logging.WARNING if chosen.quiet else logging.INFO)
        _log.info("loading  PyTorch and transformers")
        from transformers.utils import logging as transformers_logging

        transformers_logging.set_verbosity_error()
        result, text = run(chosen)
    except InputError as error:
        print(f"error: {printable(' '.join(str(error).split()))}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print("interrupted; give the same command its folder with --output to go on", file=sys.stderr)
        return 130
    try:
        show(json.dumps(result, indent=2) if chosen.json else text)
    except BrokenPipeError:  # the reader has seen enough, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _show_logs(level: int) -> None:
    """Logs of that level and above on stderr, as ``printable_lines``."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PrintableFormatter("%(message)s"))
    logging.basicConfig(handlers=[handler], level=level)
