"""What the benchmark of scoring times."""

from __future__ import annotations

from benchmarks.scoring import ARMS


class _Told:
    """Stands in for a bench, and keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.of_weights = ("grad_norm",)

    def able(self, names: tuple[str, ...]) -> tuple[str, ...]:
        self.asked.append("able")
        return names[:1]

    def score(self, names: tuple[str, ...], memory: str | None = None) -> None:
        self.asked.append(f"score of {len(names)}")


def test_which_proxies_can_rank_is_found_out_before_anything_is_timed():
    bench = _Told()
    work = ARMS["dense"](bench)
    assert bench.asked == ["able"]
    work()
    work()
    assert bench.asked == ["able", "score of 1", "score of 1"]


def test_nothing_is_scored_before_it_is_timed():
    bench = _Told()
    for arm in ARMS.keys() - {"dense"}:
        ARMS[arm](bench)
    assert bench.asked == []
