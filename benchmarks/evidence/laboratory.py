"""Where runs are trained and remembered: one model, one task, one ledger for all experiments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from evaluators.data.report_on import ReportOn
from evaluators.executors.workload import Workload
from evaluators.store.ledger import Ledger
from evaluators.store.whole_file import write_whole
from evaluators.training.candidate import Candidate, Evaluation
from evaluators.training.leg import Leg
from search.allocation.spend import spend
from search.job.fine_tune import fine_tune_all
from search.job.ground import Ground
from search.job.job import Job
from search.job.prepare import prepare
from search.job.progress import Progress, silent
from search.job.run_names import CANDIDATES
from search.job.scoring import score_space
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from spaces.allocation import Allocation
from spaces.hooks import Renorm

from .cell import Cell, Knobs, Run
from .recalled import Recalled
from .ways import At

__all__ = ["Laboratory", "MissingRunError", "Setting"]


class MissingRunError(LookupError):
    """A run has not been trained yet, or not even been planned."""


class _MissingPickError(MissingRunError):
    """A proxy has not been asked yet. args: its name."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What all runs of a laboratory share. space: of all ways, and of what a mean rank costs.
    shortcut_alpha: as proxies see the shortcuts, that of all other wires."""

    space: str = "lora[q,v,fc1,fc2]+shortcut"
    shortcut_alpha: float = 16.0
    epochs: float = 3.0
    batch_size: int = 16
    scoring: ScoringSettings = field(default_factory=ScoringSettings)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What decides a workload; what a run's wires do not feel is as usual, so that experiments share runs."""

    rows: ReportOn
    shortcut_alpha: float
    renorm: Renorm
    longer: float


class Laboratory:
    """Trains runs, and knows those that are trained."""

    def __init__(
        self,
        ground: Ground,
        setting: Setting,
        folder: Path,
        *,
        recalled: Recalled | None = None,
        progress: Progress = silent,
    ) -> None:
        """folder: keeps what has finished, and proxies' picks; made where it is not there. recalled: what
        tables have, which need not be trained; raises InputError where they are not of these runs."""
        self.recalled = recalled or Recalled()
        self._ground, self._setting, self._folder = ground, setting, folder
        self._progress = progress
        self._job = self._prepared("r=1")
        self._ledgers: dict[_Terms, tuple[Workload, Ledger]] = {}
        self._at: dict[float, At] = {}
        self._plans: dict[tuple[Cell, int], Allocation] = {}
        self.recalled.check(self.made)

    @property
    def job(self) -> Job:
        """At one rank everywhere."""
        return self._job

    @cached_property
    def made(self) -> dict[str, object]:
        """What its runs are made of, as it stands beside their tables."""
        task = self._job.task
        return {
            "rows": {"train": len(task.train), "tune": len(task.validation), "report": len(task.test)},
            "recipe": asdict(self._job.recipe),
            "fingerprint": replace(self._job.workload, report_on="test").fingerprint,
        }

    def at(self, mean_rank: float) -> At:
        """The budget of a mean rank, with the ranks that a search would choose from."""
        if mean_rank not in self._at:
            budget = round(mean_rank * self._job.space.params_per_rank)
            job = self._prepared(str(budget))
            self._at[mean_rank] = At(job.space, budget, lambda proxy: self._picked(proxy, mean_rank, budget))
        return self._at[mean_rank]

    def settle(self, cell: Cell) -> None:
        """Has the proxy score that a cell's way goes by, where it has not yet."""
        try:
            self.plan(cell, 0)
        except _MissingPickError as missing:
            self._pick(missing.args[0], cell.mean_rank)

    def plan(self, cell: Cell, seed: int) -> Allocation:
        """A cell's allocation for a seed; raises MissingRunError where it is not settled."""
        if (cell, seed) not in self._plans:
            self._plans[cell, seed] = cell.way.plan(self.at(cell.mean_rank), seed)
        return self._plans[cell, seed]

    def params(self, cell: Cell, seed: int) -> int:
        """Of its wires."""
        return self._job.space.params(self.plan(cell, seed))

    def factors(self, cell: Cell, knobs: Knobs, seed: int) -> tuple[object, ...]:
        """Equal for knobs that train a cell's runs alike: its wires' factors, and the rate."""
        scaling = replace(self._job.recipe.scaling, rule=knobs.scaling, shortcut_alpha=knobs.shortcut_alpha)
        ranks = zip(self._job.space.sites, self._ranks(cell, seed), strict=True)
        return (knobs.learning_rate, *(scaling.factor(site.kind, rank) for site, rank in ranks if rank))

    def train(self, runs: Sequence[Run]) -> list[Evaluation]:
        """What comes of these runs, in order; those that tables or the ledger hold are read, the rest is
        trained."""
        done = {run: one for run in runs if (one := self._recalled(run)) is not None}
        by_terms: dict[_Terms, list[Run]] = {}
        for run in [run for run in runs if run not in done]:
            by_terms.setdefault(self._terms(run), []).append(run)
        work = []
        for terms, own in by_terms.items():
            workload, ledger = self._under(terms)
            work.append((workload, [self._leg(run, workload, ledger) for run in own]))
        machine, folder = self._ground.machine, self._folder / CANDIDATES
        trained = fine_tune_all(work, folder, machine, keep_tensors=False, progress=self._progress)
        for own, ended in zip(by_terms.values(), trained, strict=True):
            done |= {run: one.evaluation for run, one in zip(own, ended, strict=True)}
        return [done[run] for run in runs]

    def known(self, runs: Sequence[Run]) -> list[Evaluation]:
        """The same, without training; raises MissingRunError."""
        found = [self._found(run) for run in runs]
        if None in found:
            raise MissingRunError(f"{found.count(None)} of {len(runs)} runs are missing.")
        return [one for one in found if one is not None]

    def forget(self, runs: Sequence[Run]) -> None:
        """Removes what it would take to go on with runs that were begun."""
        for run in runs:
            _, ledger = self._under(self._terms(run))
            ledger.forget_state(self._candidate(run))

    def _recalled(self, run: Run) -> Evaluation | None:
        return self.recalled.evaluation(run, self.plan(run.cell, run.seed))

    def _found(self, run: Run) -> Evaluation | None:
        if (known := self._recalled(run)) is not None:
            return known
        workload, ledger = self._under(self._terms(run))
        found = ledger.find(self._plain_leg(run, workload))
        return None if found is None else found.evaluation

    def _ranks(self, cell: Cell, seed: int) -> list[int]:
        ranks: list[int] = self._job.space.rank_vector(self.plan(cell, seed)).tolist()
        return ranks

    def _candidate(self, run: Run) -> Candidate:
        return Candidate(self.plan(run.cell, run.seed), run.seed, run.knobs.learning_rate, run.knobs.scaling)

    def _plain_leg(self, run: Run, workload: Workload) -> Leg:
        third = workload.recipe.steps(len(workload.task.train)) // 3
        return Leg(self._candidate(run), third if run.begun else None)

    def _leg(self, run: Run, workload: Workload, ledger: Ledger) -> Leg:
        """From where it was begun, where that is known."""
        leg = self._plain_leg(run, workload)
        if run.begun:
            return leg
        begun = ledger.find(self._plain_leg(replace(run, begun=True), workload))
        return replace(leg, begun=None if begun is None else begun.state)

    def _terms(self, run: Run) -> _Terms:
        ranks = zip(self._job.space.sites, self._ranks(run.cell, run.seed), strict=True)
        kinds = {site.kind for site, rank in ranks if rank}
        usual = self._job.recipe
        alpha = run.knobs.shortcut_alpha if kinds - {"lora"} else usual.scaling.shortcut_alpha
        renorm = run.cell.renorm if "cross" in kinds else usual.renorm
        return _Terms(run.rows, alpha, renorm, run.cell.longer)

    def _under(self, terms: _Terms) -> tuple[Workload, Ledger]:
        if terms not in self._ledgers:
            usual = self._job.recipe
            recipe = replace(
                usual,
                scaling=replace(usual.scaling, shortcut_alpha=terms.shortcut_alpha),
                renorm=terms.renorm,
                epochs=usual.epochs * terms.longer,
            )
            workload = replace(self._job.workload, recipe=recipe, report_on=terms.rows)
            self._ledgers[terms] = workload, Ledger(self._folder / CANDIDATES, workload.fingerprint)
        return self._ledgers[terms]

    def _prepared(self, budget: str) -> Job:
        setting = self._setting
        alpha = setting.shortcut_alpha
        space = SpaceSettings(setting.space, budget, scaling="constant", shortcut_alpha=alpha)
        training = TrainingSettings(epochs=setting.epochs, batch_size=setting.batch_size)
        return prepare(self._ground, space, training, setting.scoring)

    def _place(self, proxy: str, budget: int) -> Path:
        """Of these rows, this space and these batches: asked otherwise, a proxy picks otherwise."""
        asked = sha256(f"{self._job.workload.fingerprint} {self._setting}".encode()).hexdigest()
        return self._folder / "picks" / asked[:12] / f"{proxy.replace(':', '-')}-{budget}.json"

    def _picked(self, proxy: str, mean_rank: float, budget: int) -> Allocation:
        path = self._place(proxy, budget)
        if path.exists():
            return Allocation.from_json(path.read_text())
        known = self.recalled.pick(proxy, mean_rank)
        if known is None:
            raise _MissingPickError(proxy)
        return known

    def _pick(self, proxy: str, mean_rank: float) -> None:
        """Written down, so that rounding cannot change it on the way."""
        budget = self.at(mean_rank).max_params
        (scores,) = score_space(self._prepared(str(budget)), [proxy], progress=self._progress)
        path = self._place(proxy, budget)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, spend(scores, "greedy", max_params=budget).to_json())
