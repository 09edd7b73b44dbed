"""What can be chosen of a space, and what cannot be whatever the model is."""

from __future__ import annotations

from typing import Any

import pytest

from search.cli.allocate import AllocateSettings
from search.cli.describe import DescribeSettings
from search.job.settings import SpaceSettings
from spaces.errors import UsageError

CANNOT_BE: dict[str, Any] = {"space": "lora[", "budget": "much", "ranks": "0,many"}


@pytest.mark.parametrize("settings", [SpaceSettings, AllocateSettings, DescribeSettings])
@pytest.mark.parametrize("name", CANNOT_BE)
def test_what_cannot_be_is_refused_wherever_it_is_chosen(settings: type, name: str) -> None:
    settings()
    with pytest.raises(UsageError, match=f"{name}="):
        settings(**{name: CANNOT_BE[name]})
