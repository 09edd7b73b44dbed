"""Sections that are made of the registries: what is added there, or to a docstring, stands on its page.

Directives, in reStructuredText: ``proxies`` of an evaluation point, ``composed-proxies``, ``methods``,
``peft-methods``, ``allocators``, ``samplers``, ``pruners``, and ``command-help`` of a command.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout, suppress
from dataclasses import MISSING, fields
from io import StringIO
from typing import ClassVar, Final
from unittest import mock

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config, GoogleDocstring
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from proxies.composed.ensemble import ENSEMBLE, ensemble
from proxies.composed.root import ROOT, root
from proxies.measure.need import SKETCH, Need
from proxies.registry import PROXIES, UNPROVEN
from search.allocation.random_allocation import random_allocation
from search.allocation.registry import ALLOCATORS
from search.allocation.uniform import uniform_allocation
from search.cli.rankscape import main
from search.compare.peft_configs import REFEREES
from search.live.pruning import PRUNERS
from search.methods.registry import METHODS, policy_of
from search.sampling.samplers import SAMPLERS

_LEADS: Final = re.compile(r"(?<=[.)`])\s+(?=(?:Source|Departures?|Cost|Raises)\b)")
_BOLD: Final = re.compile(r"^(Source|Departures?(?: from [\w ]+)?|Cost):", re.MULTILINE)
_WITHOUT_SCORES: Final = {"uniform": uniform_allocation, "random": random_allocation}
_IMPLICIT: Final = frozenset({"max_params", "model_shapes"})  # what a job gives a method
_NAMES: Final = {
    "gradient": "G, entry by entry",
    "deviations": "how G varies from batch to batch, entry by entry",
    "second_moments": "x xᵀ over the tokens of the inputs, entry by entry",
    "of_b": "dL/dB through the initial A",
    "deviations_of_b": "how dL/dB varies from batch to batch",
    "absolute_of_b": "the mean of its absolute value",
}


def setup(app: Sphinx) -> ExtensionMetadata:
    """Adds the directives."""
    for directive in (
        Proxies,
        ComposedProxies,
        Methods,
        PeftMethods,
        Allocators,
        Samplers,
        Pruners,
        CommandHelp,
    ):
        app.add_directive(directive.known_as, directive)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Sections(SphinxDirective):
    """A section for each of something, all of them parsed as reStructuredText."""

    known_as: ClassVar[str]

    def entries(self) -> Iterator[tuple[list[str], str]]:
        """The names in each section's title, and its text."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        return [self._section(names, text) for names, text in self.entries()]

    def _section(self, names: list[str], text: str) -> nodes.section:
        section = nodes.section(ids=[nodes.make_id(f"{self.known_as}-{name}") for name in names])
        section["names"] = [f"{self.known_as}-{names[0]}"]
        title = nodes.title()
        for place, name in enumerate(names):
            title += [nodes.Text(", ")] * bool(place) + [nodes.literal(text=name)]
        section += title
        self.state.nested_parse(StringList(text.splitlines(), source=f"<{names[0]}>"), 0, section)
        return section


class Proxies(Sections):
    """``.. proxies:: dense``: those that are evaluated there."""

    known_as = "proxies"
    required_arguments = 1

    def entries(self) -> Iterator[tuple[list[str], str]]:
        for name, proxy in PROXIES.items():
            if proxy.point == self.arguments[0]:
                needs = f"\n\n**Measured:** {measured(proxy.needs)}." if proxy.needs else ""
                behind = "*Behind* ``all``.\n\n" if name in UNPROVEN else ""
                yield [name], behind + read(proxy.measure) + needs


class ComposedProxies(Sections):
    """Those that a prefix builds of others."""

    known_as = "composed-proxies"

    def entries(self) -> Iterator[tuple[list[str], str]]:
        for prefix, build in ((ROOT, root), (ENSEMBLE, ensemble)):
            yield [prefix], read(build)


class Methods(Sections):
    """Those that one gate policy does, in one section with its settings."""

    known_as = "methods"

    def entries(self) -> Iterator[tuple[list[str], str]]:
        names: dict[type, list[str]] = {}
        for name in METHODS:
            names.setdefault(type(policy_of(name, 1, None)), []).append(name)
        for policy, several in names.items():
            told = read(policy).replace(":Parameters:", ":Settings:")
            yield several, "\n\n".join([told, *_rows_of(policy, several)])


def _rows_of(policy: type, names: list[str]) -> Iterator[str]:
    """A line for each name, and one of the settings' defaults."""
    usual = {one.name: one.default for one in fields(policy) if one.name not in _IMPLICIT}
    usual = {name: default for name, default in usual.items() if default is not MISSING}
    for name in names if names[1:] else ():
        own = policy_of(name, 1, None)
        changed = [f"``{one}={getattr(own, one)}``" for one in usual if getattr(own, one) != usual[one]]
        yield f"* ``{name}``: {METHODS[name].summary}" + (f" ({', '.join(changed)})" if changed else "")
    if usual:
        shown = {
            name: "none" if value is None else f"{value:.3g}" if isinstance(value, float) else value
            for name, value in usual.items()
        }
        given = ", ".join(f"``{name}={value}``" for name, value in shown.items())
        yield f"**Defaults**, for example ``{names[0]}[{next(iter(usual))}=...]``: {given}."


class PeftMethods(Sections):
    """PEFT's own."""

    known_as = "peft-methods"

    def entries(self) -> Iterator[tuple[list[str], str]]:
        for name, build in REFEREES.items():
            yield [name], read(build)


class Allocators(Sections):
    """Each by the function that does it."""

    known_as = "allocators"

    def entries(self) -> Iterator[tuple[list[str], str]]:
        for name, allocate in ALLOCATORS.items():
            yield [name], read(_WITHOUT_SCORES.get(name, allocate))


class Samplers(Sections):
    """Optuna's, as they are set up."""

    known_as = "samplers"

    def entries(self) -> Iterator[tuple[list[str], str]]:
        for name, sampler in SAMPLERS.items():
            yield [name], read(sampler.make)


class Pruners(Sections):
    """Optuna's, over a ladder of rungs."""

    known_as = "pruners"

    def entries(self) -> Iterator[tuple[list[str], str]]:
        for name, build in PRUNERS.items():
            yield [name], read(build)


class CommandHelp(SphinxDirective):
    """``.. command-help:: run``: what ``rankscape run --help`` prints."""

    known_as = "command-help"
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        printed = StringIO()
        with redirect_stdout(printed), mock.patch.dict(os.environ, COLUMNS="84"), suppress(SystemExit):
            main([self.arguments[0], "--help"])
        return [nodes.literal_block(text=printed.getvalue().strip(), language="text")]


def read(documented: object) -> str:
    """The docstring as reStructuredText, without examples; what it cites and costs in paragraphs apart."""
    text = inspect.getdoc(documented)
    assert text, f"{documented} has no docstring"
    told = "\n".join(_without_examples(text.splitlines()))
    paragraphs = [
        _LEADS.sub("\n\n", one)
        for one in str(GoogleDocstring(told, Config(napoleon_use_param=False))).split("\n\n")
    ]
    return _BOLD.sub(r"**\1:**", "\n\n".join(paragraphs))


def _without_examples(lines: Iterable[str]) -> Iterator[str]:
    """Up to the first ``>>>``, which the API's page shows."""
    for line in lines:
        if line.startswith(">>> "):
            return
        yield line


def measured(needs: Iterable[Need]) -> str:
    """What a proxy needs of every site, in words."""
    said: dict[str, None] = {}
    for need in needs:
        for taken in sorted(need.takes - SKETCH):
            said[_NAMES[taken]] = None
        if need.sketched is not None:
            said["where G does not fit, a linear sketch of it"] = None
    return "; ".join(said)
