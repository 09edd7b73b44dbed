"""What ``--help`` says of proxies is what there is."""

from __future__ import annotations

import re

from proxies.registry import PROXIES
from search.cli.options import PROXY_NAMES


def test_help_names_every_proxy_and_no_other():
    named = set(re.findall(r"[a-z_0-9]+", PROXY_NAMES.partition(", spectrum")[0].partition(" (")[0]))
    named |= set(
        re.findall(
            r"[a-z_0-9]+", "spectrum" + PROXY_NAMES.partition(", spectrum")[2].partition(", ensemble")[0]
        )
    )
    assert named == {name for name in PROXIES if "@" not in name}
    assert {name.partition("@")[0] for name in PROXIES if "@" in name} == {"grad_norm", "snip", "synflow"}
