"""Proposals and finalists shown in studies: who proposed what, and who is trained over all seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from optuna.trial import TrialState

from evaluators.adapters.markdown import escaped
from search.mirror.allocation_mirror import AllocationMirror, opened_mirror
from search.mirror.allocation_trial import AllocationTrial, TrialAxes
from search.mirror.seeds_log import end_of_seeds
from search.mirror.shown import Aim
from search.mirror.study_mirror import begin_study
from search.mirror.study_place import StudyPlace
from search.mirror.trial_note import finalist_note, loading_note, no_result, sheet_note
from search.sampling.proposals import Proposal
from search.storage.opened_storage import opened_for_writing
from search.storage.patience import StorageAwayError
from spaces.errors import InputError

from .finalist import Finalist
from .problem import Problem
from .result import Result, finalist_record

__all__ = [
    "FINALISTS",
    "LIVE_STUDIES",
    "PLAIN_STUDIES",
    "PROPOSALS",
    "FinalistsMirror",
    "finalists_mirror",
    "show_proposals",
]

PROPOSALS: Final = "proposals"
"""What ends the name of the study of them."""
FINALISTS: Final = "finalists"
LIVE_STUDIES: Final = ("", FINALISTS)
"""Kinds of studies that a live search has."""
PLAIN_STUDIES: Final = (PROPOSALS, FINALISTS)
"""Those of one by scores alone."""


def show_proposals(
    place: StudyPlace, problem: Problem, proposals: Sequence[Proposal], proxies: Sequence[str]
) -> None:
    """Writes a study of the proposals: a complete trial each, its values the proxies' scores.

    Parameters: the rank of every site. Attributes: ``proposer``, ``parameters``.
    """
    study = place.study([Aim(name, "maximize") for name in proxies], kind=PROPOSALS)
    choices = TrialAxes.of(problem.space, problem.max_params)
    trials = []
    for number, one in enumerate(proposals):
        scores = dict(one.scores)
        values = tuple(scores[name] for name in proxies)
        told = {"proposer": one.proposer}
        trials.append(
            AllocationTrial(
                number, one.allocation, one.params, state=TrialState.COMPLETE, values=values, attributes=told
            )
        )
    with opened_for_writing(place.where) as storage:
        begin_study(storage, study, named=place.chosen).show([choices.in_full(one) for one in trials])


@contextmanager
def finalists_mirror(
    place: StudyPlace, problem: Problem, chosen: Sequence[Proposal]
) -> Iterator[FinalistsMirror]:
    """Studies in which the finalists are running; told how they ended before it is closed.

    Where they come to no result, the study says why; they stay as they are, for another start to go on with.
    """
    judged = problem.judged
    study = place.study(
        [Aim(judged.title, judged.direction)], kind=FINALISTS, more={"seeds": list(problem.seeds)}
    )
    configured = [one.configuration for one in chosen if one.configuration is not None]
    choices = TrialAxes.of(
        problem.drawn_space,
        problem.max_params,
        rates=tuple(sorted({one.learning_rate for one in configured})),
        scalings=tuple(sorted({one.scaling for one in configured})),
    )
    with ExitStack() as stack:
        opened = opened_mirror(
            place.where, study, problem.drawn_space, choices, folder=place.files, named=place.chosen
        )
        shown = FinalistsMirror(
            place, stack.enter_context(opened), tuple(map(_running, range(len(chosen)), chosen))
        )
        shown.mirror.show(shown.trials)
        try:
            yield shown
        except StorageAwayError:  # the same line goes on
            raise
        except InputError as error:
            shown.given_up(str(error))
            raise


@dataclass(frozen=True, slots=True, eq=False)
class FinalistsMirror:
    """What ``finalists_mirror`` gives. trials: as they are while they run."""

    place: StudyPlace
    mirror: AllocationMirror
    trials: tuple[AllocationTrial, ...] = field(repr=False)

    def ended(self, result: Result) -> None:
        """Completes the trials, and tells of the verdict."""
        pairs = zip(self.trials, result.finalists, strict=True)
        self.mirror.show([_ended(trial, one, self._note(one, result)) for trial, one in pairs])
        self.mirror.full.describe(
            note=sheet_note(result.sheet),
            attributes={"verdict": result.verdict},
        )

    def given_up(self, reason: str) -> None:
        """Tells that there is no result, and why."""
        sheet = no_result(reason)
        self.mirror.full.describe(note=sheet_note(sheet), attributes={"verdict": sheet.headline})

    def _note(self, finalist: Finalist, result: Result) -> str:
        baseline = None if finalist is result.baseline else result.baseline
        own, title = finalist_record(finalist, baseline), result.problem.judged.title
        lines = [f"**{escaped(finalist.proposal.proposer)}**", finalist_note(own.to_json(), title)]
        if finalist is result.winner and self.place.adapter is not None:
            lines.append(loading_note(self.place.adapter))
        return "\n\n".join(filter(None, lines))


def _running(number: int, proposal: Proposal) -> AllocationTrial:
    own = proposal.configuration
    return AllocationTrial(
        number,
        proposal.allocation,
        proposal.params,
        None if own is None else own.learning_rate,
        None if own is None else own.scaling,
        attributes={"proposer": proposal.proposer, **dict(proposal.scores)},
        note=f"**{escaped(proposal.proposer)}**",
    )


def _ended(trial: AllocationTrial, finalist: Finalist, note: str) -> AllocationTrial:
    state, values, told = end_of_seeds([run.evaluation for run in finalist.runs])
    return replace(trial, state=state, values=values, attributes={**trial.attributes, **told}, note=note)
