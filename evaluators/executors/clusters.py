"""The kinds of clusters that can train, by what a setting of the machine calls them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol

from spaces.errors import InputError

if TYPE_CHECKING:  # the names of clusters are settings, which are read without PyTorch
    from .executor import Executor

__all__ = ["CLUSTERS", "Join"]


class Join(Protocol):
    """Gives an executor on the cluster at ``place``; raises InputError where it cannot be used.

    Args:
        place: where it is, as a person has it.
        device: of each worker, ``auto`` for its best.
        home: a device of this process, on which the base model is.
        cohort_size: candidates that share a forward pass; None: what suits the workers.
        threads: CPU threads of each worker; None: those that it was started with.
    """

    def __call__(
        self, place: str, *, device: str, home: str, cohort_size: int | None, threads: int | None
    ) -> Executor: ...


def _dask(place: str, *, device: str, home: str, cohort_size: int | None, threads: int | None) -> Executor:
    try:
        from .dask import join_dask
    except ModuleNotFoundError as error:
        if error.name not in ("dask", "distributed"):
            raise
        raise InputError(
            f"{error.name} is missing, which `dask` needs; pip install -e '.[cluster]'."
        ) from None
    return join_dask(place, device=device, home=home, cohort_size=cohort_size, threads=threads)


CLUSTERS: Final[Mapping[str, Join]] = {"dask": _dask}
