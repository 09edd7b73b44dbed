"""The language of a space: which kinds of wire, which roles, which spans.

    space = term { "+" term }        term = kind [ "[" roles [ ";span=" N [ ".." M ] ] "]" ]
    kind  = "lora" | "residual" | "cross" | "shortcut"       roles = "all" | role { "," role }

``lora`` is ``lora[q,v]``, ``residual`` is ``residual[res1,res2]`` and ``cross`` is ``cross[in,cut]``. ``all``
is what the model has, and ``shortcut`` is ``residual[all]+cross[all]``. Spans are for ``cross`` alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from .errors import UsageError
from .site import Kind

__all__ = ["SHORTCUT_ROLES", "Term", "parse_space"]

SHORTCUT_ROLES: Final[dict[Kind, tuple[str, ...]]] = {"residual": ("res1", "res2"), "cross": ("in", "cut")}
_LONGEST_SPAN: Final = 1000
_EXAMPLES = (
    "write for example lora+shortcut, lora[q,v,fc1], lora[all]+residual[res2] or cross[in,cut;span=1..3]"
)


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a space. roles: None means all that the model has. spans: of cross wires, ascending."""

    kind: Kind
    roles: tuple[str, ...] | None
    spans: tuple[int, ...] = (1,)

    def __str__(self) -> str:
        roles = "all" if self.roles is None else ",".join(self.roles)
        spans = "" if self.spans == (1,) else f";span={self.spans[0]}..{self.spans[-1]}"
        return f"{self.kind}[{roles}{spans}]"


def parse_space(text: str) -> tuple[Term, ...]:
    """The terms of a space; raises UsageError on what the grammar or a shortcut does not know.

    Roles of ``lora`` are checked against the model, by ``find_sites``.

    >>> for term in parse_space("lora[q,fc1]+cross[in;span=1..3]"):
    ...     print(term.kind, term.roles, term.spans)
    lora ('q', 'fc1') (1,)
    cross ('in',) (1, 2, 3)
    """
    terms: list[Term] = []
    for part in re.sub(r"\s", "", text).split("+"):
        match = re.fullmatch(r"(lora|residual|cross|shortcut)(?:\[([^\[\]]*)\])?", part)
        if not match:
            raise UsageError(
                f"`space={text!r}`: {part!r} is not lora, residual, cross or shortcut; {_EXAMPLES}."
            )
        terms += _terms(match[1], match[2], text)
    return tuple(terms)


def _terms(kind: str, inside: str | None, text: str) -> list[Term]:
    if kind == "shortcut":
        if inside is not None:
            raise UsageError(f"`space={text!r}`: shortcut takes no roles; {_EXAMPLES}.")
        return [Term("residual", None), Term("cross", None)]
    roles_text, _, option = (inside or "").partition(";")
    if kind == "lora":
        if option:
            raise UsageError(f"`space={text!r}`: {option!r} belongs to cross, not to lora; {_EXAMPLES}.")
        roles = ("q", "v") if inside is None else _roles(roles_text, text)
        return [Term("lora", None if roles == ("all",) else roles)]
    shortcut: Kind = "residual" if kind == "residual" else "cross"
    known = SHORTCUT_ROLES[shortcut]
    spans = _spans(option, shortcut, text)
    if roles_text == "all":
        return [Term(shortcut, None, spans)]
    named = known if inside is None else _roles(roles_text, text)
    if unknown := [role for role in named if role not in known]:
        raise UsageError(
            f"`space={text!r}`: {unknown} are not roles of {kind}, which has {list(known)}; {_EXAMPLES}."
        )
    return [Term(shortcut, named, spans)]


def _roles(text: str, space: str) -> tuple[str, ...]:
    roles = tuple(text.split(","))
    if "all" in roles and roles != ("all",):
        raise UsageError(f"`space={space!r}`: all stands alone, as in [all], not beside other roles.")
    if not all(roles):
        raise UsageError(f"`space={space!r}`: a role is empty in [{text}]; {_EXAMPLES}.")
    return roles


def _spans(option: str, kind: Kind, text: str) -> tuple[int, ...]:
    if not option:
        return (1,)
    match = re.fullmatch(r"span=0*([0-9]+)(?:\.\.0*([0-9]+))?", option)
    if kind != "cross" or not match:
        raise UsageError(f"`space={text!r}`: {option!r} is not an option of {kind}; {_EXAMPLES}.")
    ends = match[1], match[2] or match[1]
    if max(map(len, ends)) > 9 or int(ends[1]) > _LONGEST_SPAN:
        raise UsageError(
            f"`space={text!r}`: {option!r} goes beyond {_LONGEST_SPAN}, deeper than models are; lower it."
        )
    first, last = map(int, ends)
    if not 1 <= first <= last:
        raise UsageError(f"`space={text!r}`: span={first}..{last} must ascend from at least 1; {_EXAMPLES}.")
    return tuple(range(first, last + 1))
