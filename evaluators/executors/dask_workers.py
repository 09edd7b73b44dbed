"""Workers of a Dask cluster that do calls, and whose deaths are told apart."""

from __future__ import annotations

import pickle
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final, Generic, TypeVar
from uuid import uuid4

import cloudpickle
import dask
from distributed import Client, Future, KilledWorker
from distributed.client import FutureCancelledError

from spaces.counted import counted
from spaces.errors import InputError

from .retry import Died

__all__ = ["DaskCall", "DaskWorkers"]

_ANSWER: Final = 10.0  # seconds that a scheduler has to answer in, at most
_LOOK: Final = 1.0  # seconds between looks at who has died, at most
_LOST: Final = "on the Dask worker {} was lost"
_FETCH: Final = 60.0  # seconds for one result, before its worker is looked for
_LARGE: Final = {"distributed.admin.large-graph-warning-threshold": "1 TiB"}
"""Dask warns of calls from 10 MB on; a cohort's state may well be larger."""

_Returned = TypeVar("_Returned")


@dataclass(frozen=True, slots=True, eq=False)
class DaskCall(Generic[_Returned]):
    """Something to be done: ``do`` is given ``shared``, bytes that every worker is sent once, whatever the
    number of calls that share them. do: anything that cloudpickle takes; what it needs is imported there."""

    do: Callable[[bytes], _Returned]
    shared: bytes = b""


@dataclass(frozen=True, slots=True, eq=False)
class _Busy(Generic[_Returned]):
    place: int
    address: str
    future: Future[_Returned]

    @property
    def died(self) -> Died:
        return Died(_LOST.format(self.address))


class DaskWorkers:
    """The workers of a cluster, those that come later among them, each at one call at a time.

    Which worker gets a call is decided here, as soon as one is free, and not by the scheduler. So a worker
    that dies takes its own call with it and no other; and the call is not tried elsewhere meanwhile, worker
    after worker, as Dask would. A worker that declares the resource ``GPU`` is asked for one.
    """

    def __init__(self, address: str, *, patience: float) -> None:
        """Connects to a scheduler; raises InputError where none answers.

        address: as ``tcp://10.0.0.1:8786``. patience: seconds to wait for a worker while there is none.
        """
        self._address, self._patience = address, patience
        try:
            self._client = Client(
                address, timeout=min(_ANSWER, patience), set_as_default=False, name="rankscape"
            )
        except (OSError, ValueError) as error:
            raise InputError(
                f"no Dask scheduler answers at {address} ({error}); start one with `dask scheduler`, and its "
                "workers with `dask worker`."
            ) from None
        self._gpus: dict[str, float] = {}
        self._warm: set[str] = set()  # have done calls, and so have loaded what these need
        self._shared: dict[bytes, Future[bytes]] = {}

    def __enter__(self) -> DaskWorkers:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def __len__(self) -> int:
        """How many there are now."""
        return len(self._there())

    def __call__(self, calls: Sequence[DaskCall[_Returned]], /) -> Iterator[tuple[int, _Returned | Died]]:
        """Does the calls, as ``retry.Execute`` says; those that are left are cancelled where it is left.

        Raises InputError where the scheduler is lost, where there is no worker for too long, and where
        workers cannot import what a call needs.
        """
        waiting = deque(enumerate(calls))
        busy: dict[object, _Busy[_Returned]] = {}  # by key of its future
        ended: SimpleQueue[Future[_Returned]] = SimpleQueue()
        alone_since = time.monotonic()
        try:
            while waiting or busy:
                there = self._there()
                yield from self._gone(busy, there)
                free = there - {one.address for one in busy.values()}
                for address in sorted(free, key=lambda one: (one not in self._warm, one))[: len(waiting)]:
                    place, call = waiting.popleft()
                    one = self._begun(place, call, address)
                    if isinstance(one, Died):
                        yield place, one
                    else:
                        busy[one.future.key] = one
                        one.future.add_done_callback(ended.put)
                alone_since = time.monotonic() if there else alone_since
                self._check_patience(alone_since)
                yield from self._ends(busy, ended)
        finally:
            self._client.cancel([one.future for one in busy.values()])

    def _gone(
        self, busy: dict[object, _Busy[_Returned]], there: set[str]
    ) -> Iterator[tuple[int, _Returned | Died]]:
        """Calls whose workers are there no more; those that had ended before are left to ``_ends``."""
        for gone in [one for one in busy.values() if one.address not in there and not one.future.done()]:
            del busy[gone.future.key]
            gone.future.cancel()
            yield gone.place, gone.died

    def _ends(
        self, busy: dict[object, _Busy[_Returned]], ended: SimpleQueue[Future[_Returned]]
    ) -> Iterator[tuple[int, _Returned | Died]]:
        """The next call that has ended, if one does within a second."""
        try:
            key = ended.get(timeout=_LOOK).key
        except Empty:
            return
        if key in busy:  # which what was cancelled is not any more
            one = busy.pop(key)
            result = self._result(one)
            self._warm.add(one.address)
            yield one.place, result

    def _there(self) -> set[str]:
        """Addresses of the workers that there are."""
        try:
            return set(self._client.nthreads())
        except OSError:
            raise self._lost() from None

    def _begun(self, place: int, call: DaskCall[_Returned], address: str) -> _Busy[_Returned] | Died:
        try:
            given = self._on_cluster(call.shared, address) if call.shared else b""
            resources = {"GPU": 1} if self._has_gpu(address) else None
        except (OSError, KeyError):  # the scheduler does not know it any more
            return Died(_LOST.format(address))
        with dask.config.set(_LARGE):
            future = self._client.submit(
                _unpacked,
                cloudpickle.dumps(call.do),
                given,
                key=f"train-{uuid4().hex}",
                workers=[address],
                allow_other_workers=False,
                resources=resources,
                pure=False,
            )
        return _Busy(place, address, future)

    def _on_cluster(self, shared: bytes, address: str) -> Future[bytes]:
        """The bytes as the cluster has them: sent to one worker, from which others get them.

        Where they went with the workers that had them, they are sent again.
        """
        if shared not in self._shared or self._shared[shared].status != "finished":
            self._shared[shared] = self._client.scatter(shared, workers=[address], hash=False)
        return self._shared[shared]

    def _has_gpu(self, address: str) -> bool:
        """Whether the worker declares one."""
        if address not in self._gpus:
            workers = self._client.scheduler_info(n_workers=-1)["workers"]
            self._gpus = {one: about["resources"].get("GPU", 0) for one, about in workers.items()}
        return self._gpus[address] >= 1

    def _result(self, one: _Busy[_Returned]) -> _Returned | Died:
        while True:
            try:
                return one.future.result(timeout=_FETCH)
            except TimeoutError:
                if one.future.status == "error":  # it is the call's own
                    raise
                if one.address not in self._there():
                    return one.died
            except KilledWorker:
                return one.died
            except FutureCancelledError:
                if self._client.status == "running":  # what it shared went with another worker
                    return one.died
                raise self._lost() from None
            except ModuleNotFoundError as error:
                raise InputError(
                    f"the Dask workers at {self._address} cannot import {error.name}; install there what is "
                    "installed here, the same versions."
                ) from error

    def _check_patience(self, alone_since: float) -> None:
        if (waited := time.monotonic() - alone_since) > self._patience:
            raise InputError(
                f"the Dask scheduler at {self._address} has had no worker for "
                f"{counted(round(waited), 'second')}; start some with "
                f"`dask worker {self._address}`. What had finished is kept."
            )

    def _lost(self) -> InputError:
        return InputError(
            f"the Dask scheduler at {self._address} was lost; what had finished is kept: start the same "
            "again once there is one."
        )


_unpacked: Final = lambda do, shared: pickle.loads(do)(shared)  # noqa: E731
"""What workers are asked to do. Being a lambda it is sent by value, so that the scheduler, which looks into
what it hands on, need not import these packages."""
