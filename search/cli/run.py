"""``rankscape run``: search a space under a budget, fine-tune the finalists, save the winner."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Final

from search.job.option import options_of
from search.job.run_names import ADAPTER_FOLDER
from search.job.settings import DataSettings, MachineSettings, ModelSettings, SpaceSettings, TrainingSettings
from search.live.settings import LiveSettings
from search.run.before_loading import check_before_loading
from search.run.record import SearchRecord
from search.run.search_sheet import samples_of, saved_line, search_sheet
from search.run.settings import SearchSettings
from search.shared.join_settings import JoinSettings, check_join
from search.storage.settings import StorageSettings
from spaces.errors import UsageError

from .command import Command, Printed
from .how_to_look import how_to_look
from .hub_settings import HubSettings
from .job_options import JOB
from .one_or_several import check_one_or_several
from .run_search import run_search
from .typed import Typed

__all__ = ["RUN", "main"]

_HEEDED_BY_A_TABLE: Final = frozenset(
    {
        "table",
        "evaluator",
        "budget",
        "ranks",
        "scaling",
        "lr",
        "proxy",
        "allocator",
        "sampler",
        "proposals",
        "finalists",
    }
    | {"seeds", "seed", "output", "json", "quiet", "storage", "study_name"}
    | {one.name for one, _ in options_of(MachineSettings)}  # it has nothing to do: harmless
)

_log = logging.getLogger(__name__)


def _run(given: Typed) -> Printed:
    check_one_or_several(given)
    if "table" in given.names:
        _check_only_a_table(given)
    else:
        check_join(given.of(JoinSettings), given.of(LiveSettings), given.of(StorageSettings))
        check_before_loading(
            given.of(SearchSettings),
            given.of(LiveSettings),
            given.of(SpaceSettings),
            given.of(DataSettings),
            given.of(TrainingSettings),
        )
    hub = given.of(HubSettings)
    if hub.push_to_hub is None:
        record = run_search(given)
    else:
        record = _searched_and_pushed(given, hub)
    assert record.output is not None, "a command has a folder"
    told = search_sheet(record).with_sentences(saved_line(record)).text
    look = how_to_look(Path(record.output), record.study)
    return Printed(record.to_json(), f"{told}\n{look}", samples_of(record))


def _searched_and_pushed(given: Typed, hub: HubSettings) -> SearchRecord:
    from .push_to_hub import check_base_named, check_hub_given, push_given

    check_base_named(given.of(ModelSettings).model)
    check_hub_given(hub)  # before hours of training
    record = run_search(given)
    if record.held_by is not None:
        _log.info("the driver %s pushes the winner", record.held_by)
        return record
    assert record.output is not None, "a command has a folder"
    push_given(Path(record.output) / ADAPTER_FOLDER, hub)
    return record


def _check_only_a_table(given: Typed) -> None:
    """Raises UsageError where something was typed that a table leaves without effect."""
    if unheeded := sorted(f"`{name}`" for name in given.names - _HEEDED_BY_A_TABLE):
        raise UsageError(
            f"`table` comes with a space, a model and training of its own, so {', '.join(unheeded)} would "
            f"change nothing; leave {'it' if len(unheeded) == 1 else 'them'} out."
        )


RUN: Final = Command(
    name="run",
    module="search.run",
    summary="Searches a space under a budget, fine-tunes the finalists, and saves the winner.",
    example="--space lora+shortcut --budget 2.3M",
    settings=(SearchSettings, LiveSettings, StorageSettings, JoinSettings, *JOB, HubSettings),
    run=_run,
)
main = RUN.main


if __name__ == "__main__":
    sys.exit(main())
