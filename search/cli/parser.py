"""A command's parser, made of its settings: what they declare is what can be typed."""

from __future__ import annotations

import argparse
import re
import types
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, dataclass
from difflib import get_close_matches
from pathlib import Path
from textwrap import fill, wrap
from typing import Any, Final, Literal, NoReturn, Union, get_args, get_origin, get_type_hints

from search.job.option import Option, options_of
from spaces.errors import UsageError
from spaces.printable import printable

from .flags import Flags, flag_of
from .registry_names import registry_names
from .typed import Typed
from .value_types import decimal_value, decimals, names, path, place, text_value, whole_value

__all__ = ["Parser", "parser_of", "reader_of", "typed"]

_LONGEST_COMPLAINT: Final = 600
_LONGEST_NAME: Final = 80
_READERS: Final[tuple[tuple[object, Callable[[str], object]], ...]] = (
    (str, text_value),
    (Path, path),
    (int, whole_value),
    (float, decimal_value),
    (tuple[str, ...], names),
    (tuple[float, ...], decimals),
)
_ALIKE: Final = 0.7  # from here on a name is thought to be meant
_RARE: Final = "seldom needed"
_WIDTH: Final = 78


class Parser(argparse.ArgumentParser):
    """A parser that complains by UsageError, in one line that fits a screen."""

    def error(self, message: str) -> NoReturn:
        said = re.sub(r"^argument (\S+): ", r"\1: ", printable(message))
        raise UsageError(said[:_LONGEST_COMPLAINT])


class _WholeNames(argparse.RawDescriptionHelpFormatter):
    """Help in lines that end between words, never at a hyphen within a name."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrap(text, width, break_on_hyphens=False)


def parser_of(settings: Sequence[type], *, prog: str, description: str, example: str) -> Parser:
    """Takes the options of these settings: every class a section, and last what is rare of all of them."""
    flags = Flags.of(settings)
    parser = Parser(
        prog=prog,
        usage=" ".join([prog, "[options]", *(f"[{word}]" for word in flags.words)]),
        description=fill(description, _WIDTH),
        epilog=f"example:\n  {example}",
        formatter_class=_WholeNames,
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
        add_help=False,
    )
    rare: list[_Declared] = []
    for title, declared in _sections(settings).items():
        section = parser.add_argument_group(title)
        for one in declared:
            if one.about.rare:
                rare.append(one)
            else:
                _add(section, one, flags)
    last = parser.add_argument_group(_RARE)
    for one in rare:
        _add(last, one, flags)
    last.add_argument("-h", "--help", action="help", help="show this and exit")
    return parser


def typed(parser: Parser, words: Sequence[str], *, flags: Flags) -> Typed:
    """What the words say; raises UsageError, where one is no option with the name that is nearest to it."""
    parsed, unknown = parser.parse_known_args(words)
    if unknown:
        word = next((word for word in unknown if word.startswith("-")), unknown[0])
        raise UsageError(_unknown(word.partition("=")[0], parser.prog, flags))
    # argparse knows no word that may be missing without a default
    return Typed.only({name: value for name, value in vars(parsed).items() if value is not None})


def reader_of(hint: object, about: Option) -> Callable[[str], object]:
    """Reads a value of a field's type, as typed."""
    (kind,) = _kinds(hint)
    if get_origin(kind) is Literal:
        return text_value
    if kind is str and about.file:
        return place
    return next(reader for known, reader in _READERS if known == kind)


def _kinds(hint: object) -> tuple[object, ...]:
    """The type of a field, without its None."""
    several = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    return tuple(one for one in several if one is not type(None))


@dataclass(frozen=True, slots=True)
class _Declared:
    """An option as its field declares it. hint: the field's type."""

    field: Field[Any]
    about: Option
    hint: object


def _sections(settings: Sequence[type]) -> dict[str, list[_Declared]]:
    """The options under their titles; classes that share one share a section."""
    sections: dict[str, list[_Declared]] = {}
    for own in settings:
        hints = get_type_hints(own)
        declared = [_Declared(one, about, hints[one.name]) for one, about in options_of(own)]
        sections.setdefault(_title(own), []).extend(declared)
    return sections


def _title(settings: type) -> str:
    """The first line of a class's docstring, as the title of its options."""
    first = (settings.__doc__ or settings.__name__).partition("\n")[0].rstrip(".")
    return first[:1].lower() + first[1:]


def _add(section: argparse._ArgumentGroup, declared: _Declared, flags: Flags) -> None:
    one, about, hint = declared.field, declared.about, declared.hint
    flag, said = flag_of(one, about), flags.said(_help(one, about)).replace("%", "%%")
    if hint is bool:
        action = argparse.BooleanOptionalAction if one.default else "store_true"
        section.add_argument(flag, dest=one.name, action=action, help=said)
        return
    if flag in flags.words:
        section.add_argument(
            one.name,
            nargs="?",
            type=reader_of(hint, about),
            default=None,
            metavar=about.metavar,
            help=said,
        )
        return
    (kind,) = _kinds(hint)
    section.add_argument(
        flag,
        dest=one.name,
        type=reader_of(hint, about),
        choices=get_args(kind) if get_origin(kind) is Literal else None,
        metavar=about.metavar,
        help=said,
    )


def _help(one: Field[Any], about: Option) -> str:
    said = about.help
    if about.known:
        names = dict.fromkeys(name for registry in about.known for name in registry_names(registry))
        said += f": {', '.join(names)}"
    default = about.default_text or _shown(one.default)
    return f"{said}; default: {default}" if default else said


def _shown(default: object) -> str:
    """A default as it would be typed; empty where there is none."""
    if default is None or default is False or default is MISSING:
        return ""
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return f"{default:g}" if isinstance(default, float) else str(default)


def _unknown(word: str, prog: str, flags: Flags) -> str:
    shown = printable(word)[:_LONGEST_NAME]
    if not word.startswith("-"):
        return f"{shown!r} belongs to no option; options begin with --, see {prog} --help."
    known = {flag.lstrip("-"): flag for flag in flags.by_name.values()}  # dashes make all of them alike
    near = get_close_matches(word.lstrip("-"), known, n=1, cutoff=_ALIKE)
    hint = f"did you mean {known[near[0]]}?" if near else f"see {prog} --help."
    return f"{shown} is no option of {prog}; {hint}"
