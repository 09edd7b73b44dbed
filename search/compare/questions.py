"""What a comparison is asked, and what its runs answer: a difference and a verdict for each question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from search.methods.registry import METHODS, policy_of
from search.statistics.paired import PairedDifference, holm_corrected
from spaces.direction import Direction
from spaces.grammar import Term, parse_space

from .arm import BASELINE, Arm
from .standing import ArmRuns, Standing

__all__ = ["Finding", "findings"]

_FIXED: Final = (
    ("Does dynamic HeteroLoRA beat static?", "hetero-dynamic", "hetero-static"),
    ("Does combined allotment beat separated?", "hetero-dynamic", "hetero-separated"),
    ("Does updating all rows beat one row a step (DyLoRA)?", "dylora", "dylora-frozen"),
    ("Does A along the gradient beat random A?", "spectral-aligned", "spectral"),
    ("Does full fine-tuning beat LoRA?", "full", "lora"),
)
"""(question, a, b), answered by a - b, wherever both have an arm at one place and differ in nothing else."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to a question: the difference of two arms' metrics.

    verdict: by the p-value corrected by Holm's method: for all the questions that are asked; that of the best
    of many arms for all the arms of the table. Not shown is where the difference has a ``doubt``, or where
    the better one of the two failed on seeds that the other finished. label: of the arm that was the best of
    ``compared`` ones, where that is asked.
    """

    question: str
    verdict: str
    difference: PairedDifference
    label: str | None = None
    compared: int = 0

    def to_json(self) -> dict[str, object]:
        """A JSON object."""
        return asdict(self)


def findings(
    arms: Sequence[ArmRuns],
    standings: Sequence[Standing],
    baseline: str | None,
    *,
    direction: Direction = "maximize",
) -> list[Finding]:
    """Of every question whose arms are there and share a finished seed.

    standings, baseline: the leaderboard's, and the label of the arm that it compares with. direction: of the
    metric.
    """
    asked: list[tuple[str, PairedDifference]] = []
    for question, a, b in (*_shortcuts(arms), *_between_methods(arms)):
        if between := PairedDifference.of(a.metrics, b.metrics):
            asked.append((question, between))
    corrected = holm_corrected([between for _, between in asked])
    found = [Finding(asked[i][0], _verdict(one, direction), one) for i, one in enumerate(corrected)]
    best = _best_allocation([one.arm for one in arms], standings, baseline, direction)
    return found if best is None else [best, *found]


def _best_allocation(
    arms: Sequence[Arm], standings: Sequence[Standing], baseline: str | None, direction: Direction
) -> Finding | None:
    """Whether any arm that allots the baseline's own budget over its own sites is ahead of it.

    The best of them is that of the largest gain among those that are shown to have one; where none is, among
    those with enough seeds to show anything, and then among all.
    """
    places = {_place(arm) for arm in arms if arm.label == baseline}
    like_it = {arm.label for arm in arms if _allots(arm) and _place(arm) in places}
    compared = [(one.label, one.difference) for one in standings if one.label in like_it and one.difference]
    if not compared:
        return None
    label, best = max(compared, key=lambda pair: pair[1].rank(direction))
    verdict = "not shown" if best.gain(direction) < 0 else _verdict(best, direction)
    question = f"Does any allocation beat uniform LoRA? The best of {len(compared)}, {label}:"
    return Finding(question, verdict, best, label, len(compared))


def _allots(arm: Arm) -> bool:
    """Whether it ends as an allocation of its own choice."""
    method = METHODS.get(arm.name)
    return method is not None and method.adapter and arm.name != BASELINE


def _place(arm: Arm) -> tuple[str, str, str]:
    return arm.space, arm.budget, arm.renorm


def _between_methods(arms: Sequence[ArmRuns]) -> Iterator[tuple[str, ArmRuns, ArmRuns]]:
    """Those of ``_FIXED`` for whose methods there is one arm each at one place, and one difference."""
    for question, *names in _FIXED:
        a, b = ([one for one in arms if one.arm.name == name] for name in names)
        for place in dict.fromkeys(_place(one.arm) for one in a):
            pair = [[one for one in own if _place(one.arm) == place] for own in (a, b)]
            if [len(own) for own in pair] == [1, 1] and _one_apart(*(own[0].arm.method for own in pair)):
                yield question, pair[0][0], pair[1][0]


def _one_apart(a: str, b: str) -> bool:
    """Whether two methods' policies, where they are of one kind, differ in one setting: otherwise several
    would be asked of at once, as of ``dylora`` and ``dylora-frozen``, whose wires begin at other ranks."""
    ours: Any = policy_of(a, 1, None)
    theirs: Any = policy_of(b, 1, None)
    if type(ours) is not type(theirs):
        return True
    apart = [one.name for one in fields(ours) if getattr(ours, one.name) != getattr(theirs, one.name)]
    return len(apart) == 1


def _shortcuts(arms: Sequence[ArmRuns]) -> Iterator[tuple[str, ArmRuns, ArmRuns]]:
    """Every uniform LoRA with shortcuts against that on the same linears, of the same budget, without."""
    uniform = [(one, *_parts(one.arm.space)) for one in arms if one.arm.name == BASELINE]
    for one, linears, shortcuts in uniform:
        for plain, own, none in uniform:
            if shortcuts and not none and own == linears and plain.arm.budget == one.arm.budget:
                kinds = " and ".join(dict.fromkeys(term.kind for term in shortcuts))
                norm = ", under the second norm," if one.arm.renorm == "paper" else ""
                yield f"Do {kinds} shortcuts{norm} help uniform LoRA?", one, plain


def _parts(space: str) -> tuple[list[Term], list[Term]]:
    """A space's terms: those on linears, and the shortcuts."""
    terms = parse_space(space)
    return [term for term in terms if term.kind == "lora"], [term for term in terms if term.kind != "lora"]


def _verdict(between: PairedDifference, direction: Direction) -> str:
    if between.p_holm is None:
        return "one seed cannot say"
    if not between.shown:
        return "not shown"
    if between.lost(direction):
        return "no, the reverse"
    return "yes" if between.won(direction) else "not shown, as runs of the better one failed"
