"""Writing what was proposed and fine-tuned where optuna-dashboard can show it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from spaces.allocation import Allocation
from spaces.search_space import SearchSpace

from .finalist import Finalist
from .proposals import Proposal
from .repaired_study import quiet_optuna

__all__ = ["FINALISTS", "PROPOSALS", "record_finalists", "record_proposals"]

PROPOSALS = "proposals"
FINALISTS = "finalists"

_Attributes = dict[str, str | int | float | None]


def record_proposals(
    path: Path, proposals: Sequence[Proposal], space: SearchSpace, proxies: Sequence[str]
) -> None:
    """Begins an SQLite file, in place of an earlier one, with the study "proposals": a trial per proposal.

    Parameters: the rank of every site. Values: the proxies' scores, each to be maximised. User
    attributes: ``proposer``, ``params`` and each proxy's score under the proxy's name.
    """
    path.unlink(missing_ok=True)  # an interrupted run's; faster than Optuna empties it
    ranks = _ranks(space, [proposal.allocation for proposal in proposals])
    trials = []
    for proposal in proposals:
        scores = dict(proposal.scores)
        attributes: _Attributes = {"proposer": proposal.proposer, "params": proposal.params, **scores}
        trials.append(
            _trial(proposal.allocation, space, ranks, attributes, [scores[proxy] for proxy in proxies])
        )
    _add_study(path, PROPOSALS, list(proxies), trials)


def record_finalists(path: Path, finalists: Sequence[Finalist], space: SearchSpace, *, metric: str) -> None:
    """Adds the study "finalists" to the SQLite file, in place of an earlier one: a trial per finalist.

    Value: the mean of ``metric`` over seeds; where every seed failed, the trial is a failed one. User
    attributes: ``proposer``, ``params``, ``sd`` and ``seconds``.
    """
    ranks = _ranks(space, [finalist.proposal.allocation for finalist in finalists])
    trials = []
    for finalist in finalists:
        proposal, summary = finalist.proposal, finalist.summary
        attributes: _Attributes = {
            "proposer": proposal.proposer,
            "params": proposal.params,
            "sd": summary.sd if summary else None,
            "seconds": finalist.seconds,
        }
        values = [summary.mean] if summary else None
        trials.append(_trial(proposal.allocation, space, ranks, attributes, values))
    _add_study(path, FINALISTS, [metric], trials)


def _ranks(space: SearchSpace, allocations: Sequence[Allocation]) -> CategoricalDistribution:
    """The grid, and the ranks off it that are in use (the uniform allocation's), ascending."""
    in_use = {rank for allocation in allocations for _, rank in allocation.ranks}
    return CategoricalDistribution(sorted(in_use.union(space.ranks)))


def _trial(
    allocation: Allocation,
    space: SearchSpace,
    ranks: CategoricalDistribution,
    attributes: _Attributes,
    values: list[float] | None,
) -> FrozenTrial:
    names = [site.name for site in space.sites]
    return create_trial(
        state=TrialState.FAIL if values is None else TrialState.COMPLETE,
        values=values,
        params=dict(zip(names, space.rank_vector(allocation).tolist(), strict=True)),
        distributions=dict.fromkeys(names, ranks),
        user_attrs=attributes,
    )


def _add_study(path: Path, name: str, metrics: list[str], trials: Sequence[FrozenTrial]) -> None:
    """Adds a study that maximises these metrics, in place of the one of that name that is there."""
    with quiet_optuna(), _open(path) as storage:
        if name in optuna.get_all_study_names(storage):
            optuna.delete_study(study_name=name, storage=storage)
        study = optuna.create_study(study_name=name, storage=storage, directions=["maximize"] * len(metrics))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study.set_metric_names(metrics)
        study.add_trials(trials)


@contextmanager
def _open(path: Path) -> Iterator[RDBStorage]:
    """Optuna's storage in an SQLite file, made where there is none; its connections are closed at the end."""
    database = str(path).replace("{", "{{").replace("}", "}}")  # RDBStorage fills in a template
    storage = RDBStorage(f"sqlite:///{database}")
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()
