"""What help says of registries is what there is."""

from __future__ import annotations

from importlib import import_module

import pytest

from search.cli.rankscape import COMMANDS
from search.cli.registry_names import registry_names
from search.job.option import options_of

REGISTRIES = sorted(
    {
        registry
        for command in COMMANDS.values()
        for settings in command.settings
        for _, about in options_of(settings)
        for registry in about.known
        if ":" in registry
    }
)


@pytest.mark.parametrize("registry", REGISTRIES)
def test_names_are_those_of_the_registry_itself(registry):
    module, _, name = registry.partition(":")
    assert registry_names(registry) == tuple(getattr(import_module(module), name))


def test_a_plain_name_stands_for_itself():
    assert registry_names("merged") == ("merged",)


@pytest.mark.parametrize("registry", ["search.cli.typed:NAMES", "search.nowhere:NAMES"])
def test_what_is_no_registry_is_refused(registry):
    with pytest.raises(LookupError, match=r"search\.\w+"):
        registry_names(registry)
