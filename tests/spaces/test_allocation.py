import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spaces import Allocation, InputError, SearchSpace, Site, Tap, UsageError

RANKS = st.dictionaries(st.text('layers.019qkvé"\\', max_size=12), st.integers(0, 4096), max_size=8)


@given(RANKS)
def test_json_round_trip_gives_the_same_value(ranks: dict[str, int]) -> None:
    plan = Allocation.of(ranks)
    assert Allocation.from_json(plan.to_json()) == plan


@given(RANKS, st.randoms())
def test_order_and_sites_that_are_off_do_not_matter(ranks: dict[str, int], random) -> None:  # type: ignore[no-untyped-def]
    items = [(site, rank) for site, rank in ranks.items() if rank]
    random.shuffle(items)
    one, other = Allocation.of(ranks), Allocation.of(dict(items))
    assert one == other
    assert hash(one) == hash(other)


@given(RANKS)
def test_rank_is_what_was_given_and_zero_elsewhere(ranks: dict[str, int]) -> None:
    plan = Allocation.of(ranks)
    assert {site: plan.rank(site) for site in ranks} == ranks
    assert plan.rank("no such site") == 0


@pytest.mark.parametrize("ranks", [(("b", 1), ("a", 1)), (("a", 1), ("a", 2))])
def test_ranks_out_of_order_say_how_to_build_one(ranks: tuple[tuple[str, int], ...]) -> None:
    with pytest.raises(ValueError, match=r"must ascend by site name .* Allocation\.of"):
        Allocation(ranks)


@pytest.mark.parametrize("rank", [0, -2])
def test_a_rank_below_one_says_how_to_switch_a_site_off(rank: int) -> None:
    with pytest.raises(UsageError, match=rf"rank {rank} at q must be >= 1; leave a site out"):
        Allocation((("q", rank),))


ENDS = Tap("q", "in"), Tap("q", "out")
SITES = (Site("layers.0.q", 0, "q", "lora", 64, 64, *ENDS),)
BUILT: dict[str, Callable[[Any], Allocation]] = {
    "of": lambda rank: Allocation.of({"layers.0.q": rank}),
    "itself": lambda rank: Allocation((("layers.0.q", rank),)),
    "space": lambda rank: SearchSpace(SITES, (0, 4)).allocation([rank]),
}


@pytest.mark.parametrize("built", BUILT)
@pytest.mark.parametrize(
    "rank", [2.9, 2.0, 0.0, np.float64(3.999), math.nan, "3", True, False, None, [2]], ids=repr
)
def test_what_is_no_whole_number_is_no_rank(built: str, rank: object) -> None:
    with pytest.raises(UsageError) as error:
        BUILT[built](rank)
    assert str(error.value) == (
        f"rank {rank!r} at layers.0.q is no whole number; give one from 1 on, or leave a site out to "
        "switch it off."
    )


@pytest.mark.parametrize("built", BUILT)
@pytest.mark.parametrize("kind", [int, np.int32, np.int64, np.uint8])
def test_whole_numbers_of_numpy_are_ranks(built: str, kind: type) -> None:
    plan = BUILT[built](kind(4))
    assert repr(plan) == repr(BUILT[built](4))
    assert Allocation.from_json(plan.to_json()) == plan
    assert Allocation.from_json(plan.to_json()) == plan


def test_what_is_no_mapping_says_what_to_give() -> None:
    with pytest.raises(UsageError, match=r"^`ranks` is a list; give a mapping from site name to rank\.$"):
        Allocation.of([("layers.0.q", 4)])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[1, 2]", '{"q": -1}', '{"q": 1.5}', '{"q": true}', '{"q": "8"}', "8", "[" * 100_000),
        '{"q": ' + "1" * 5000 + "}",
    ],
    ids=lambda text: text[:12],
)
def test_other_json_is_an_input_error(text: str) -> None:
    with pytest.raises(InputError, match=r"an allocation.*write site names with whole ranks"):
        Allocation.from_json(text)


def test_json_is_a_plain_object_from_site_to_rank() -> None:
    assert json.loads(Allocation.of({"layers.1.v": 4, "layers.0.q": 0}).to_json()) == {"layers.1.v": 4}
