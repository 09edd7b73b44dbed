"""Writing what was proposed and fine-tuned where optuna-dashboard can show it."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import optuna
from optuna.distributions import IntDistribution, distribution_to_json
from optuna.exceptions import OptunaError
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from search.statistics.summary import Summary
from spaces.allocation import Allocation
from spaces.direction import Direction
from spaces.errors import InputError, UsageError
from spaces.search_space import SearchSpace

from .bulk_trials import add_trials
from .proposals import Proposal
from .repaired_study import quiet_optuna
from .storage_error import is_locked_database

__all__ = [
    "FINALISTS",
    "PROPOSALS",
    "Measured",
    "checked_storage",
    "opened_study_file",
    "record_finalists",
    "record_proposals",
    "sqlite_url",
]

PROPOSALS = "proposals"
FINALISTS = "finalists"
_DIGEST = "written"  # a user attribute of our studies; empty until one is whole

_PATIENCE_S = 20.0  # until what another program holds is given up


class Measured(Protocol):
    """A proposal that was fine-tuned. summary: of its metric; None where every run failed."""

    @property
    def proposal(self) -> Proposal: ...
    @property
    def summary(self) -> Summary | None: ...
    @property
    def seconds(self) -> float: ...


_Attributes = dict[str, str | int | float | None]


def record_proposals(
    where: Path | str, proposals: Sequence[Proposal], space: SearchSpace, proxies: Sequence[str]
) -> None:
    """Begins an SQLite file, in place of an earlier one, with the study "proposals": a trial per proposal.

    where: the file, or the address of an Optuna database, in which only the study is replaced.

    Parameters: the rank of every site, a whole number. Values: the proxies' scores, each to be maximised.
    User attributes: ``proposer``, ``params`` and each proxy's score under the proxy's name. A file that has
    the same proposals already, as an interrupted run leaves it, stays as it is. Time and size are linear in
    proposals x sites: half a second and 2.4 MB for 50 x 327, and a second in which Optuna makes its tables.
    """
    ranks = _ranks(space, [proposal.allocation for proposal in proposals])
    trials = []
    for proposal in proposals:
        scores = dict(proposal.scores)
        attributes: _Attributes = {"proposer": proposal.proposer, "params": proposal.params, **scores}
        trials.append(
            _trial(proposal.allocation, space, ranks, attributes, [scores[proxy] for proxy in proxies])
        )
    if isinstance(where, str) or where.exists():
        if _holds(where, PROPOSALS, _digest(list(proxies), trials)):
            return
        if isinstance(where, Path):
            where.unlink()  # faster than Optuna empties it
    _add_study(where, PROPOSALS, list(proxies), trials)


def record_finalists(
    where: Path | str,
    finalists: Sequence[Measured],
    space: SearchSpace,
    *,
    metric: str,
    direction: Direction = "maximize",
) -> None:
    """Adds the study "finalists" to an SQLite file or an Optuna database, in place of an earlier one: a trial
    per finalist.

    Value: the mean of ``metric`` over seeds, better in ``direction``; where every seed failed, the trial is a
    failed one. User attributes: ``proposer``, ``params``, ``sd`` and ``seconds``.
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
    _add_study(where, FINALISTS, [metric], trials, direction=direction)


def _ranks(space: SearchSpace, allocations: Sequence[Allocation]) -> IntDistribution:
    """From 0 to the largest of the grid and of those in use (the uniform allocation's lies off the grid)."""
    in_use = {rank for allocation in allocations for _, rank in allocation.ranks}
    return IntDistribution(0, max(in_use.union(space.ranks)))


def _trial(
    allocation: Allocation,
    space: SearchSpace,
    ranks: IntDistribution,
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


def _add_study(
    where: Path | str,
    name: str,
    metrics: list[str],
    trials: Sequence[FrozenTrial],
    *,
    direction: Direction = "maximize",
) -> None:
    """Adds a study of these metrics, in place of the one of that name that is there."""
    with quiet_optuna(), _open(where) as storage:
        if name in optuna.get_all_study_names(storage):
            optuna.delete_study(study_name=name, storage=storage)
        study = optuna.create_study(study_name=name, storage=storage, directions=[direction] * len(metrics))
        study.set_user_attr(_DIGEST, "")  # ours, and not whole yet
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study.set_metric_names(metrics)
        add_trials(study, storage, trials)
        study.set_user_attr(_DIGEST, _digest(metrics, trials))


def _digest(metrics: Sequence[str], trials: Sequence[FrozenTrial]) -> str:
    """Of all that is written of them; the datetimes are those of the writing."""
    digest = hashlib.sha256(json.dumps(list(metrics)).encode())
    for trial in trials:
        distributions = sorted({distribution_to_json(one) for one in set(trial.distributions.values())})
        own = [trial.state.name, trial.values, trial.params, distributions, trial.user_attrs]
        digest.update(json.dumps(own).encode())
    return digest.hexdigest()


def _holds(where: Path | str, name: str, digest: str) -> bool:
    """Whether the database has this study, whole; it may be damaged or of another version of Optuna.

    What another program holds is neither: that is raised, so that its file is not taken away from it.
    """
    try:
        with quiet_optuna(), _open(where) as storage:
            study = optuna.load_study(study_name=name, storage=storage)
            return study.user_attrs.get(_DIGEST) == digest
    except (KeyError, RuntimeError, ValueError, OptunaError, SQLAlchemyError) as error:
        if is_locked_database(error):
            raise
        return False


def checked_storage(address: str) -> str:
    """The address of an Optuna database, one that can be opened; raises UsageError where it cannot be.

    A study of the names that are written here, which something else has written there, is no place either.
    The address itself is not shown: it may hold a password.
    """
    try:
        with quiet_optuna(), _open(address) as storage:
            for name in {PROPOSALS, FINALISTS}.intersection(optuna.get_all_study_names(storage)):
                study = optuna.load_study(study_name=name, storage=storage)
                if _DIGEST not in study.user_attrs:
                    raise UsageError(
                        f"`storage` has a study {name!r} that no search wrote; name another database."
                    )
    except UsageError:
        raise
    except (ImportError, ValueError, RuntimeError, OptunaError, SQLAlchemyError) as error:
        raise UsageError(
            f"`storage` cannot be opened ({type(error).__name__}); give an address that Optuna takes, such "
            "as sqlite:///study.db."
        ) from None
    return address


@contextmanager
def opened_study_file(path: Path) -> Iterator[RDBStorage]:
    """Optuna's storage in an SQLite file that is there; raises InputError where that cannot be read."""
    with ExitStack() as stack:
        try:
            with quiet_optuna():
                storage = stack.enter_context(_open(path))
                optuna.get_all_study_names(storage)
        except (RuntimeError, ValueError, OptunaError, SQLAlchemyError) as error:
            if is_locked_database(error):
                raise InputError(f"{path} is in use by another program; end that and try again.") from error
            raise InputError(
                f"{path} cannot be read as a study ({type(error).__name__}): it is damaged, or of another "
                "version of Optuna; give the folder of another run, or run that one again."
            ) from error
        yield storage


def sqlite_url(path: Path) -> str:
    """The address of an SQLite file for Optuna, whatever characters its path has.

    A ``file:`` URI, quoted once for SQLite itself, which SQLAlchemy's versions quote again or not, and
    read alike. Braces are doubled, as ``RDBStorage`` fills in a template.
    """
    uri = URL.create("sqlite", database=path.absolute().as_uri(), query={"uri": "true"})
    return uri.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")


@contextmanager
def _open(where: Path | str) -> Iterator[RDBStorage]:
    """Optuna's storage in an SQLite file, made where there is none, or at an address; its connections are
    closed at the end."""
    if isinstance(where, Path):
        storage = RDBStorage(sqlite_url(where), engine_kwargs={"connect_args": {"timeout": _PATIENCE_S}})
    else:
        storage = RDBStorage(where)
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()
