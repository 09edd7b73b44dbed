"""How finalists compare, where more is better and where less is."""

from __future__ import annotations

import pytest

from evaluators.training.candidate import Candidate, Evaluation, Trained
from search.run.finalist import Finalist
from search.run.pipeline import best_of
from search.run.verdict import Judged, verdict
from search.sampling.proposals import Proposal
from search.sampling.proposer import Proposer
from spaces.allocation import Allocation

PERPLEXITY = Judged("perplexity", {"validation": 40, "test": 50}, None, "perplexity", "minimize")


def finalist(name, rank, metrics, *, losses=None, direction="maximize") -> Finalist:
    allocation = Allocation.of({"layers.0.q": rank})
    losses = losses or [0.5] * len(metrics)
    evaluations = [
        Evaluation(
            Candidate(allocation, seed, 1e-3),
            metric,
            None if metric is None else loss,
            "diverged" if metric is None else None,
            (),
            1.0,
            0,
        )
        for seed, (metric, loss) in enumerate(zip(metrics, losses, strict=True))
    ]
    proposal = Proposal(allocation, (Proposer(name),), 32 * rank, ())
    return Finalist(proposal, tuple(Trained(one, {}) for one in evaluations), direction)


LOW = finalist("low", 2, [3.0, 3.1, 3.2], direction="minimize")
HIGH = finalist("high", 4, [4.0, 4.1, 4.3], direction="minimize")


@pytest.mark.parametrize(("direction", "first"), [("maximize", 1), ("minimize", 0)])
def test_the_better_mean_is_ahead_in_either_direction(direction, first):
    pair = [
        finalist("a", 2, [0.1, 0.2], direction=direction),
        finalist("b", 4, [0.3, 0.4], direction=direction),
    ]
    best, other = pair[first], pair[1 - first]
    assert best.ahead_of(other)
    assert not other.ahead_of(best)
    assert best.rank > other.rank
    assert not best.ahead_of(best)
    assert best_of([other, best]) is best
    assert best_of([best, other]) is best


@pytest.mark.parametrize(("direction", "seed"), [("maximize", 2), ("minimize", 1)])
def test_the_best_run_is_that_of_the_best_metric_and_then_of_the_lower_loss(direction, seed):
    one = finalist("a", 2, [0.5, 0.2, 0.9], direction=direction)
    assert one.best_run.evaluation.candidate.seed == seed
    tied = finalist("a", 2, [0.5, 0.5, 0.5], losses=[0.3, 0.1, 0.2], direction=direction)
    assert tied.best_run.evaluation.candidate.seed == 1


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_one_that_failed_more_often_is_never_ahead(direction):
    whole = finalist("a", 2, [0.5, 0.5], direction=direction)
    for metric in (0.1, 0.9):
        broken = finalist("b", 4, [metric, None], direction=direction)
        assert whole.ahead_of(broken)
        assert whole.rank > broken.rank
        assert broken.rank > finalist("c", 8, [None, None], direction=direction).rank


def test_less_of_what_is_better_when_less_is_a_yes():
    tested = [3.0, 3.1, 3.2], [4.0, 4.1, 4.3]
    text = verdict([HIGH, LOW], LOW, tested, PERPLEXITY)
    assert text.startswith("Yes: low, chosen by validation, beats uniform by -1.0")
    assert verdict([HIGH, LOW], LOW, tested[::-1], PERPLEXITY).startswith("No: low")
    assert verdict([HIGH, LOW], LOW, None, PERPLEXITY).startswith("Yes: low beats uniform by -1.0")
    assert "the best other, high, differs" in verdict([LOW, HIGH], LOW, None, PERPLEXITY)
