"""Rows of a data set on the Hugging Face hub, through ``datasets``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from spaces.errors import InputError
from spaces.foreign import foreign
from spaces.hub import hub_is_switched_off

__all__ = ["GIVE_FILES", "hub_splits"]

GIVE_FILES: Final = "give files with `train_file` and `eval_file`"


def hub_splits(
    name: str,
    dataset: str,
    config: str | None,
    revision: str | None = None,
    *,
    reachable: Callable[[], bool],
) -> Any:
    """The splits of a data set, by name, as ``datasets`` has them.

    name: of the task, for messages. reachable: whether the hub can be asked.
    Raises InputError where the data set cannot be had.
    """
    import datasets  # seconds to import, and only the hub's tasks need it

    if not reachable() and not hub_is_switched_off():
        raise InputError(
            f"`task={name!r}` is read from {dataset} on the Hugging Face hub, which does not answer; "
            f"{GIVE_FILES}, or set HF_HUB_OFFLINE=1 where the data set is cached."
        )
    with foreign(f"`task={name!r}` cannot be read from {dataset}", f"{GIVE_FILES}."), _no_bars(datasets):
        return datasets.load_dataset(dataset, config, revision=revision)


@contextmanager
def _no_bars(datasets: Any) -> Iterator[None]:
    shown = datasets.utils.logging.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            datasets.enable_progress_bars()
