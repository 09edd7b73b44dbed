"""A space comes back from its record as it was, and nothing else passes for one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.search_space import SearchSpace
from spaces.site import Part, Site, Tap
from spaces.space_record import space_from_json, space_to_json

# every field of a site and of a tap away from its default once
SPACE = SearchSpace(
    (
        Site(
            "layers.0.q",
            0,
            "q",
            "lora",
            8,
            8,
            Tap("attn.qkv", "in"),
            Tap("attn.qkv", "out", Part(0, 8, 24), True),
        ),
        Site("layers.1.in", 1, "in", "cross", 8, 8, Tap("läyer", "in"), Tap("ffn", "out"), "ffn.norm", 0.5),
    ),
    (0, 2, 8),
)


def test_a_space_comes_back_equal() -> None:
    assert space_from_json(space_to_json(SPACE)) == SPACE


@pytest.mark.parametrize("family", ["bert", "gpt2", "deberta-v2", "opt-post"])
def test_the_sites_of_a_model_come_back_equal(tiny_model: Any, family: str) -> None:
    space = SearchSpace(tuple(find_sites(tiny_model(family), "lora+shortcut")), (0, 1, 4))
    assert space_from_json(space_to_json(space)) == space


def test_a_part_is_read_as_older_tables_have_it() -> None:
    data = json.loads(space_to_json(SPACE))
    data["sites"][0]["target"]["part"] = [0, 8]
    del data["sites"][1]["gain"]
    first, second = space_from_json(json.dumps(data)).sites
    assert (first.target.part, second.gain) == (Part(0, 8), 1.0)


def broken(change: Callable[[dict[str, Any]], object]) -> str:
    data = json.loads(space_to_json(SPACE))
    change(data)
    return json.dumps(data)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Expecting property name"),
        ("[]", "list indices must be integers"),
        ("{}", "KeyError: 'sites'"),
        (broken(lambda data: data.pop("ranks")), "KeyError: 'ranks'"),
        (broken(lambda data: data.update(ranks=[4, 0])), "must ascend from 0"),
        (broken(lambda data: data.update(ranks=[0, 16])), "rank 16 is above 8"),
        (broken(lambda data: data["sites"][0].update(kind="lore")), "kind='lore' must be one of ['lora'"),
        (broken(lambda data: data["sites"][0].update(d_in="8")), "TypeError"),
        (broken(lambda data: data["sites"][0].update(colour="red")), "colour"),
        (broken(lambda data: data["sites"][0].pop("role")), "role"),
        (broken(lambda data: data["sites"][1]["source"].update(side="up")), "side='up' must be in or out"),
        (broken(lambda data: data["sites"][1]["target"].update(part=[1, 2, 3])), "too many values"),
    ],
)
def test_what_is_no_record_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=f"cannot be read from .*{re.escape(reason)}.*give what"):
        space_from_json(text)
