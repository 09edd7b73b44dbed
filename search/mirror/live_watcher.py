"""A live search shown in a study: its trials run, report and end there, each with a note and its rank map."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from optuna.trial import TrialState

from evaluators.store.whole_file import write_whole
from evaluators.training.candidate import Trained
from search.job.run_names import REPORT_PAGE
from search.live.live_trial import LiveTrial
from search.live.values import values_of
from search.live.watcher import Concluded, LiveSearch
from search.show.sheet import Sheet
from spaces.counted import counted
from spaces.direction import sign_of
from spaces.search_space import SearchSpace

from .allocation_mirror import AllocationMirror, opened_mirror
from .allocation_trial import AllocationTrial, TrialAxes
from .anytime import AnytimeCurve
from .live_page import live_page
from .live_plots import draw_live
from .shown import Aim, ShownFile
from .study_place import StudyPlace
from .trial_note import finalist_note, loading_note, no_result, sheet_note, trial_note

__all__ = ["LiveMirror", "live_mirror"]

_STATES: Final[Mapping[str, TrialState]] = {
    "running": TrialState.RUNNING,
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}
_PLOT: Final = "best-so-far"


@contextmanager
def live_mirror(place: StudyPlace, drawn: SearchSpace) -> Iterator[LiveMirror]:
    """A ``Watcher`` that keeps the studies of a live search; its storage is closed at the end.

    drawn: all sites that a trial may have, for its rank map.
    """
    with ExitStack() as stack:
        yield LiveMirror(place, drawn, stack)


class LiveMirror:
    """What ``live_mirror`` gives."""

    def __init__(self, place: StudyPlace, drawn: SearchSpace, stack: ExitStack) -> None:
        self._place, self._drawn, self._stack = place, drawn, stack
        self._trials: dict[int, LiveTrial] = {}
        self._baselines: dict[int, LiveTrial] = {}
        self._ends = Counter[str]()

    def began(self, search: LiveSearch, /) -> None:
        settings, place = search.settings, self._place
        facts = {"parameters": search.max_params, "rungs": list(search.rungs), "seeds": list(search.seeds)}
        study = place.study(_aims(search), more=facts)
        rates, scalings = settings.lrs or (), settings.scalings or ()
        inside = {site.name for site in search.space.sites}
        choices = TrialAxes.of(
            search.space,
            search.max_params,
            beside=tuple(site for site in self._drawn.sites if site.name not in inside),
            rates=rates,
            scalings=scalings,
            budgets=settings.budget_min is not None,
        )
        opened = opened_mirror(
            place.where, study, self._drawn, choices, folder=place.files, named=place.chosen
        )
        self._mirror: AllocationMirror = self._stack.enter_context(opened)
        self._search = search
        self._curve = AnytimeCurve(search.ladder, search.objectives[0][1])

    def asked(self, trials: Sequence[LiveTrial], /) -> None:
        self._curve.asked(trials)
        self._show(trials)

    def judged(self, trials: Sequence[LiveTrial], /) -> None:
        self._curve.judged(trials)
        self._show(trials)

    def ended(self, trials: Sequence[LiveTrial], trained: Sequence[Trained | None], /) -> None:
        self._curve.ended(trials)
        self._ends.update(one.state for one in trials)
        self._show(trials)
        self._mirror.full.describe(note=self._so_far(), figures={_PLOT: self._figure()})

    def concluded(self, result: Concluded, /) -> None:
        told = json.loads(json.dumps(result.to_json()))
        finalists = {int(one["trial"]): one for one in (told["baseline"], *told["finalists"])}
        notes = {number: finalist_note(one, self._search.metric) for number, one in finalists.items()}
        if self._place.adapter is not None:
            winner = int(told["best"]["trial"])
            notes[winner] = f"{notes[winner]}\n\n{loading_note(self._place.adapter)}".rstrip()
        self._mirror.show([self._shown(self._trials[number], more=own) for number, own in notes.items()])
        verdict = result.verdict
        self._mirror.full.describe(
            note=sheet_note(result.sheet),
            attributes={"verdict": verdict},
            figures={_PLOT: self._figure()},
            attachments=self._files(result.sheet),
        )

    def given_up(self, reason: str) -> Path | None:
        sheet = no_result(reason)
        self._mirror.full.describe(
            note=sheet_note(sheet),
            attributes={"verdict": sheet.headline},
            attachments=self._files(sheet),
        )
        return None if self._mirror.attachments is None else self._place.folder / REPORT_PAGE

    def _show(self, trials: Sequence[LiveTrial]) -> None:
        self._trials |= {one.number: one for one in trials}
        self._baselines |= {one.number: one for one in trials if one.baseline}
        self._mirror.show([self._shown(one) for one in trials])

    def _shown(self, trial: LiveTrial, more: str = "") -> AllocationTrial:
        own, last = trial.configuration, trial.reports[-1] if trial.reports else None
        attributes: dict[str, object] = {"proposer": trial.proposer, **dict(trial.scores)}
        if trial.baseline:
            attributes["baseline"] = True
        if last is not None:
            attributes |= {"metric": last.metric, "loss": last.loss}
        if last is not None or trial.state == "failed":
            attributes |= {"steps": trial.step, "seconds": round(trial.seconds, 3)}
        if trial.peak_memory:
            attributes["peak memory"] = trial.peak_memory
        if trial.failure is not None:
            attributes["failure"] = trial.failure
        several = len(self._search.objectives) > 1
        valued = trial.state == "complete" or (trial.state == "pruned" and not several)
        note = trial_note(trial, self._search, self._best_baseline(trial))
        return AllocationTrial(
            trial.number,
            own.allocation,
            trial.params,
            own.learning_rate,
            own.scaling,
            _STATES[trial.state],
            tuple((one.step, one.value) for one in trial.reports),
            values_of(trial, self._search.settings.objectives) if valued else None,
            attributes,
            f"{note}\n\n{more}".rstrip(),
        )

    def _best_baseline(self, trial: LiveTrial) -> LiveTrial | None:
        """The best baseline so far at a trial's last rung."""
        if not trial.reports:
            return None
        rung, sign = len(trial.reports) - 1, sign_of(self._curve.direction)
        there = [one for one in self._baselines.values() if len(one.reports) > rung]
        return max(there, key=lambda one: sign * one.reports[rung].value, default=None)

    def _so_far(self) -> str:
        """How far the search is, in a line."""
        ends = Counter(running=len(self._trials) - self._ends.total()) + self._ends
        counts = ", ".join(f"{ends[state]} {state}" for state in _STATES if ends[state])
        name, known = self._search.objective_titles[0], self._curve.best
        best = "" if known is None else f"; the best {name} of a whole training is {known:.4f}"
        trials, steps = counted(len(self._trials), "trial"), counted(self._curve.steps, "candidate-step")
        return f"{trials} so far: {counts}{best}, after {steps}."

    def _figure(self) -> dict[str, object]:
        name = self._search.objective_titles[0]
        return self._curve.figure(f"Best {name} against candidate-steps", name)

    def _files(self, sheet: Sheet) -> tuple[ShownFile, ...]:
        """The page and the curve, in the run's folder and beside the study."""
        folder, files = self._place.folder, self._mirror.attachments
        if files is None:
            return ()
        trials = [self._trials[number] for number in sorted(self._trials)]
        plots = draw_live(self._search, trials, self._curve.curves, folder)
        page = live_page(self._search, trials, self._drawn, sheet, plots)
        write_whole(folder / REPORT_PAGE, page)
        return tuple(
            files.of_study(folder / one) for one in (REPORT_PAGE, *(plot.path.name for plot in plots))
        )


def _aims(search: LiveSearch) -> tuple[Aim, ...]:
    titled = zip(search.objective_titles, search.objectives, strict=True)
    return tuple(Aim(title, direction) for title, (_, direction) in titled)
