"""What every command has in common: options, logs on stderr, the result on stdout, exit codes."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from spaces.errors import InputError, UsageError
from spaces.printable import PrintableFormatter, printable, show

from .flags import Flags
from .known_names import check_names_typed
from .output_path import claimed_path
from .output_settings import OutputSettings, ScreenSettings
from .parser import Parser, parser_of, typed
from .shell_words import shell_words
from .stopping import Stopped, stopping
from .typed import Typed

__all__ = ["Command", "Printed", "complain"]

_log = logging.getLogger(__name__)
_FILES_READ: Final = ("train_file", "eval_file", "table", "source")
_QUIET_LIBRARIES: Final = {"TRANSFORMERS_VERBOSITY": "error"}  # read when they are imported, which is later
_TALKATIVE: Final = "bitsandbytes"  # misses a kernel whenever PEFT is imported, and tells of every cast


@dataclass(frozen=True, slots=True)
class Printed:
    """What a command prints: the object of ``--json``, or else the text, in which arguments become flags, and
    below it ``verbatim``, which others wrote and which stays as it is."""

    json: Mapping[str, object]
    text: str
    verbatim: str = ""

    def said(self, flags: Flags) -> str:
        """The text as a command prints it."""
        return "\n".join(filter(None, (flags.said(self.text), self.verbatim)))


def _as_typed(given: Typed) -> Typed:
    return given


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    name: behind ``rankscape``. module: behind ``python -m``. summary: one line. example: options that run.
    settings: what can be chosen, the command's own first. fill: adds to what was typed, before it is checked.
    run: does the work; it imports PyTorch itself,
    after ``--help`` has been served, and finds ``output`` filled where ``OutputSettings`` is a setting.
    """

    name: str
    module: str
    summary: str
    example: str
    settings: tuple[type, ...]
    run: Callable[[Typed], Printed]
    fill: Callable[[Typed], Typed] = _as_typed

    def main(self, argv: Sequence[str] | None = None, *, prog: str | None = None) -> int:
        """Reads the options, runs, prints; 0 when done, 1 on failure, 2 on wrong usage, 130 when interrupted
        and 143 when terminated.

        prog: how it was started, by default as a module.
        """
        prog = prog or f"python -m {self.module}"
        words = sys.argv[1:] if argv is None else list(argv)
        flags = Flags.of(self.settings)
        try:
            with stopping(), ExitStack() as claims:
                given = self.read(words, prog=prog)
                if OutputSettings in self.settings and "output" not in given.names:
                    given = given.filled(output=claims.enter_context(claimed_path()))
                    words = [*words, "--output", str(given.values["output"])]
                screen = given.of(ScreenSettings)
                _log_to_stderr(flags, quiet=screen.quiet)
                if OutputSettings in self.settings:
                    _log.info("begun    %s", prog)
                printed = self.run(given)
        except InputError as error:
            return complain(error, flags)
        except (RuntimeError, MemoryError) as error:
            return complain(_out_of_memory(error), flags)
        except KeyboardInterrupt as stop:
            number = stop.number if isinstance(stop, Stopped) else signal.SIGINT
            done = "terminated" if number == signal.SIGTERM else "interrupted"
            again = "this goes on" if OutputSettings in self.settings else "to start again"
            print(f"{done}; {again}: {prog} {shell_words(words)}", file=sys.stderr)
            return 128 + number
        return _print(json.dumps(printed.json, indent=2) if screen.json else printed.said(flags))

    def read(self, words: Sequence[str], *, prog: str = "rankscape") -> Typed:
        """What the words say, every setting checked; raises UsageError on what cannot be."""
        given = self.fill(typed(self._parser(prog), words, flags=Flags.of(self.settings)))
        for settings in self.settings:
            given.of(settings)
            check_names_typed(given, settings)
        _check_files(given)
        return given

    def _parser(self, prog: str) -> Parser:
        return parser_of(self.settings, prog=prog, description=self.summary, example=f"{prog} {self.example}")


def _check_files(given: Typed) -> None:
    """Raises InputError on a file that is to be read and is not there, before imports that take seconds."""
    for name in _FILES_READ:
        path = given.values.get(name)
        if path is not None and not os.path.exists(str(path)):
            raise InputError(f"`{name}={path}` is not there; give the path of a file that is.")


def _out_of_memory(error: BaseException) -> InputError:
    """What is said where memory ran out; any other error is raised again."""
    from evaluators.training.memory import is_out_of_memory, what_ran_out

    if not is_out_of_memory(error):
        raise error
    return InputError(
        f"memory ran out ({what_ran_out(error)}); choose a smaller `cohort_size`, which goes on with what "
        "has been trained, or in another `output` for the model itself `dtype=bfloat16` or `load_in_4bit`, "
        "for scores a smaller `scoring_batch_size`, for the rest a smaller `batch_size` or `max_length`."
    )


def complain(error: InputError, flags: Flags) -> int:
    """Prints the one line that says what is wrong; 2 where what was typed is, 1 otherwise."""
    print(f"error: {printable(flags.said(' '.join(str(error).split())))}", file=sys.stderr)
    return 2 if isinstance(error, UsageError) else 1


class _Lines(PrintableFormatter):
    """A log record as ``printable_lines``, with arguments as they are typed."""

    def __init__(self, flags: Flags) -> None:
        super().__init__("%(message)s")
        self._flags = flags

    def format(self, record: logging.LogRecord) -> str:
        return self._flags.said(super().format(record))


def _log_to_stderr(flags: Flags, *, quiet: bool) -> None:
    """Logs on stderr; transformers' own only where they are errors."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines(flags))
    logging.basicConfig(handlers=[handler], level=logging.WARNING if quiet else logging.INFO)
    logging.getLogger(_TALKATIVE).setLevel(logging.ERROR)
    for name, level in _QUIET_LIBRARIES.items():
        os.environ.setdefault(name, level)


def _print(text: str) -> int:
    """Shows the text on stdout; 1 where that fails, but not where a reader has seen enough, as head does."""
    try:
        show(text)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # where the rest of the buffer goes
        if not isinstance(error, BrokenPipeError):
            print(f"error: the result cannot be printed ({error.strerror})", file=sys.stderr)
            return 1
    return 0
