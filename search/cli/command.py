"""What every command has in common: options, logs on stderr, the result on stdout, exit codes."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from spaces.errors import InputError, UsageError
from spaces.printable import PrintableFormatter, printable, show

from .option_types import Parser
from .options import SHARED, Arguments, Options, add_arguments, typed
from .output_path import claimed_path
from .shell_words import shell_words
from .stopping import Stopped, stopping

__all__ = ["run_command"]

_log = logging.getLogger(__name__)
_AnyOptions = TypeVar("_AnyOptions", bound=Options)
_SCRIPT: Final = "rankscape"  # the console script, which is search.run


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
    """Reads the options, runs, prints; 0 when done, 1 on failure, 2 on wrong usage, 130 when interrupted
    and 143 when terminated.

    run: gives the object that ``--json`` prints, and the text that is printed otherwise. It imports
    torch itself, after ``--help`` has been served, and finds ``output`` set. arguments: the command's own,
    besides the shared ones.
    """
    parser = Parser(prog=prog, description=description, epilog=f"example: {example}")
    every = {**SHARED, **arguments}
    add_arguments(parser, every)
    words = sys.argv[1:] if argv is None else list(argv)
    parsed = vars(parser.parse_args(words))
    try:
        with stopping(), ExitStack() as claims:
            chosen = options(**parsed, typed=typed(words, every))
            if "output" not in chosen.typed:
                chosen = replace(chosen, output=claims.enter_context(claimed_path()))
                words = [*words, "--output", str(chosen.output)]
            _log_to_stderr(quiet=chosen.quiet)
            result, text = run(chosen)
    except InputError as error:
        print(f"error: {printable(' '.join(str(error).split()))}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt as stop:
        number = stop.number if isinstance(stop, Stopped) else signal.SIGINT
        done = "terminated" if number == signal.SIGTERM else "interrupted"
        print(f"{done}; this goes on: {_started_as(prog)} {shell_words(words)}", file=sys.stderr)
        return 128 + number
    try:
        show(json.dumps(result, indent=2) if chosen.json else text)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # where the rest of the buffer goes
        if not isinstance(error, BrokenPipeError):  # whose reader has seen enough, as head does
            print(f"error: the result cannot be printed ({error.strerror})", file=sys.stderr)
            return 1
    return 0


def _started_as(prog: str) -> str:
    return _SCRIPT if Path(sys.argv[0]).stem == _SCRIPT else prog


def _log_to_stderr(*, quiet: bool) -> None:
    """Logs on stderr, as ``printable_lines``; transformers' own only where they are errors."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PrintableFormatter("%(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING if quiet else logging.INFO)
    _log.info("loading  transformers")
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
