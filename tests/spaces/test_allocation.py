import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spaces import Allocation, InputError

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
    with pytest.raises(ValueError, match=rf"rank {rank} at q must be >= 1; leave a site out"):
        Allocation((("q", rank),))


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
