"""What was measured of allocations, where, and what it says to someone who has a budget to spend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["FINDINGS", "BudgetFinding", "known_at"]


@dataclass(frozen=True, slots=True)
class BudgetFinding:
    """What an experiment found at mean ranks, budget / parameters of rank 1 at every site, of a range.

    least, most: of these. answer: all that its table shows, and no more. advice: what follows for
    whoever spends such a budget. where: model and task. page: the folder with the table.
    """

    least: float
    most: float
    answer: str
    advice: str
    where: str
    page: str


FINDINGS: Final = (
    BudgetFinding(
        1 / 8,
        8,
        "no greedy pick of five scores (root:adam_signal, spectrum, grad_norm, snip, synflow) ended at a "
        "lower mean loss than one rank at every site of q and v",
        "tune the learning rate of an even spread first; language models were not trained to the end",
        "MiniLM on SST-2, of all 47 sites of lora[q,v,fc1,fc2]+shortcut, each at a rate of its own",
        "results/ladder",
    ),
)
"""One row an experiment; the newest that holds at a budget is said."""


def known_at(mean_rank: float) -> str:
    """What is known of allocations at this mean rank, in one sentence.

    >>> print(known_at(1.5))  # doctest: +NORMALIZE_WHITESPACE
    Known at 1/8 to 8 ranks a site: no greedy pick of five scores (root:adam_signal, spectrum, grad_norm,
    snip, synflow) ended at a lower mean loss than one rank at every site of q and v (MiniLM on SST-2, of all
    47 sites of lora[q,v,fc1,fc2]+shortcut, each at a rate of its own: results/ladder); tune the learning rate
    of an even spread first; language models were not trained to the end.
    >>> print(known_at(85.6))
    Whether allocation matters at 85.6 ranks a site was not measured: results/ladder is of 1/8 to 8.
    """
    for one in reversed(FINDINGS):
        if one.least <= mean_rank <= one.most:
            return (
                f"Known at {_range(one)} ranks a site: {one.answer} ({one.where}: {one.page}); {one.advice}."
            )
    pages = ", ".join(f"{one.page} is of {_range(one)}" for one in FINDINGS)
    return f"Whether allocation matters at {mean_rank:.3g} ranks a site was not measured: {pages}."


def _range(one: BudgetFinding) -> str:
    return f"{_rank(one.least)} to {_rank(one.most)}"


def _rank(rank: float) -> str:
    return f"{rank:g}" if rank >= 1 else f"1/{1 / rank:g}"
