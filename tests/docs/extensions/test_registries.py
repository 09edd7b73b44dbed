"""How a docstring becomes a section."""

from __future__ import annotations

import pytest

from docs.extensions.registries import measured, read
from proxies.registry import PROXIES


def documented() -> None:
    r"""What it is, ``as code``. More is better.

    .. math:: s = 1

    Source: a paper. Departures: it
    is short. Cost: none. Raises InputError on nothing.

    >>> documented()
    """


def test_what_is_cited_and_what_it_costs_stand_apart_and_examples_are_left_out():
    assert read(documented).strip().split("\n\n") == [
        "What it is, ``as code``. More is better.",
        ".. math:: s = 1",
        "**Source:** a paper.",
        "**Departures:** it\nis short.",
        "**Cost:** none.",
        "Raises InputError on nothing.",
    ]


def test_what_has_no_docstring_is_named():
    with pytest.raises(AssertionError, match="has no docstring"):
        read(lambda: None)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("snip", "G, entry by entry"),
        ("spectrum", "G, entry by entry; where G does not fit, a linear sketch of it"),
        ("grad_norm@init", "dL/dB through the initial A"),
        ("l2_norm", ""),
    ],
)
def test_what_a_proxy_needs_is_told_in_words(name, said):
    assert measured(PROXIES[name].needs) == said
