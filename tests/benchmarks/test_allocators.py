"""Allocators beside each other, on scores by hand and by the command."""

from __future__ import annotations

import json

import pytest

from benchmarks import allocators
from benchmarks.allocators import compared, elsewhere
from proxies.site_scores import per_unit_of_rank
from spaces.search_space import SearchSpace
from spaces.site import Site, Tap

TAP = Tap("block", "in")
WIDTHS = (8, 8, 24)
SPACE = SearchSpace(
    tuple(Site(f"layers.{i}.q", i, "q", "lora", 8, w, TAP, TAP) for i, w in enumerate(WIDTHS)), (0, 1, 2)
)


def plan(*ranks):
    return SPACE.allocation(ranks)


def test_what_lies_elsewhere_is_half_of_what_differs():
    assert elsewhere(plan(1, 0, 0), plan(0, 1, 0), SPACE, 16) == 1
    assert elsewhere(plan(1, 1, 0), plan(0, 1, 0), SPACE, 32) == 0.25  # spent by one alone
    assert elsewhere(plan(2, 1, 0), plan(2, 1, 0), SPACE, 48) == 0


def test_greedy_falls_short_of_exact_where_one_dear_site_is_worth_more_than_all_cheap_ones():
    """Of 32 parameters: the dear site's one rank is worth 5, one rank of the best cheap site 3 for 16, which
    is more a parameter and leaves room for the other cheap site alone."""
    scores = per_unit_of_rank("mine", "none", SPACE, [3.0, 1.0, 5.0])
    scores = type(scores)("mine", "none", SPACE, scores.by_site, scores.by_site[:, None] * [0.0, 1.0, 1.0])
    made = {one.allocator: one for one in compared(scores, 32)}
    assert made["exact"].share == 1
    assert made["exact"].elsewhere == 0
    assert made["greedy"].share == pytest.approx(4 / 5)
    assert made["greedy"].elsewhere == 1


def test_the_command_says_the_least_median_and_most_of_its_proxies(tmp_path):
    rows, out = tmp_path / "rows.tsv", tmp_path / "out.json"
    rows.write_text("\n".join(["sentence\tlabel", *(f"film number {i}\t{i % 2}" for i in range(64))]))
    allocators.main(
        [
            *(f"--{part}-file={rows}" for part in ("train", "eval")),
            "--space=lora[q,v]",
            "--proxies=l2_norm,root:l2_norm",
            "--mean-ranks=0.5,2",
            f"--output={out}",
        ]
    )
    found = json.loads(out.read_text())["of"]
    assert list(found) == ["mean rank 0.5", "mean rank 2"]
    for by_allocator in found.values():
        assert by_allocator["exact"]["share"] == {"least": 1, "median": 1, "most": 1}
        assert all(one["share"]["most"] <= 1 + 1e-9 for one in by_allocator.values())
