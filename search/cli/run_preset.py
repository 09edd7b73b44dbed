"""A paper's table in its folder, trained and laid out as the paper has it. Importing this takes seconds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from evaluators.data.named_tasks import NAMED_TASKS
from evaluators.metrics.of_text import TEXT_METRICS
from evaluators.store.whole_file import write_whole
from search.compare.pipeline import write_comparison
from search.compare.preset_run import Filled, compare_cells, fill, paper_settings, setups_of
from search.compare.presets.filled_table import FilledTable
from search.compare.presets.preset import Preset, Setup
from search.compare.presets.registry import PRESETS, SETTINGS, find_preset, on_other_model
from search.compare.settings import COMPARISON_MAY_GROW, CompareSettings
from search.compare.terms import terms_of
from search.folder.output_folder import OutputFolder, decisive
from search.folder.provenance import Digests, inputs_of
from search.job.machine import Machine
from search.job.settings import DataSettings, ModelSettings, ScoringSettings, SpaceSettings, TrainingSettings
from search.show.aligned_text import aligned
from spaces.errors import UsageError

from .command import Printed
from .ground_of import ground_of, machine_given
from .job_options import JOB
from .output_path import output_path
from .output_settings import OutputSettings, ScreenSettings
from .progress import progress_on_stderr
from .run_compare import COMMAND
from .shareable_line import shareable_line
from .typed import Typed

__all__ = ["listed", "run_preset"]

_THE_TABLE_S: Final = frozenset({"methods", "space", "budget", "renorm", "seed"})


def run_preset(name: str, given: Typed, machine: Callable[[Typed], Machine] = machine_given) -> Printed:
    """Trains the cells of a preset, data set by data set; prints what ``preset.json`` holds, and the table.

    What was typed goes before the preset's. A model that no paper has is taken for the folder in
    which the preset's lies. Raises UsageError or InputError on what cannot be used.
    """
    preset = _preset(name, given)
    if "generate" not in given.names:
        given = given.filled(generate=any(cell.metric in TEXT_METRICS for cell in preset.cells if cell.arm))
    seeds = _seeds(preset, given)
    settings = decisive(given.each((*JOB, CompareSettings)), growing=COMPARISON_MAY_GROW)
    known = {**settings, "typed": sorted(given.names & settings.keys())}  # goes before the paper's
    path = output_path(given.of(OutputSettings).output)
    folder = OutputFolder(path, COMMAND, known, inputs=partial(_inputs, preset, given))
    with folder.opened() as path:
        here = machine(given)
        filled = [
            (f"{dataset}, {setup}", dataset, _filled(preset, dataset, setup, given, seeds, here, folder))
            for dataset in preset.datasets
            for setup in setups_of(preset, dataset)
        ]
        notes = dict.fromkeys(f"{dataset}: {note}" for _, dataset, own in filled for note in own.notes)
        table = FilledTable(
            replace(preset, seeds=seeds),
            {place: number for _, _, own in filled for place, number in own.numbers.items()},
            tuple(f"{title}: {own.about}" for title, _, own in filled),
            tuple(notes),
            path,
        )
        write_whole(path / "preset.json", json.dumps(table.to_json(), indent=2))
        write_whole(path / "preset.txt", table.sheet.text + "\n")
        table.sheet.write(path, "preset")
        return Printed(table.to_json(), table.sheet.text)


def listed() -> Printed:
    """The presets by name, with their source, model and data sets."""
    about = {name: f"{one.source}: {one.model}, {', '.join(one.datasets)}" for name, one in PRESETS.items()}
    return Printed(about, "\n".join(aligned([*about.items()], words=(0, 1))))


def _preset(name: str, given: Typed) -> Preset:
    """The preset with the data sets asked for; raises UsageError where what was typed does not fit."""
    preset, model = find_preset(name), given.of(ModelSettings).model
    if model in {settings.model for settings in SETTINGS}:
        preset = on_other_model(preset, model or "")
    if datasets := given.of(CompareSettings).dataset:
        preset = preset.only(datasets)
    if given.of(DataSettings).train_file and len(preset.datasets) > 1:
        raise UsageError(
            f"`train_file` has one data set, {preset.name} has {', '.join(preset.datasets)}; name one with "
            "`dataset`."
        )
    if ignored := sorted(f"`{one}`" for one in given.names & _THE_TABLE_S):
        raise UsageError(
            f"{', '.join(ignored)}: {preset.name} has its own; leave them out, or leave out `preset`."
        )
    return preset


def _seeds(preset: Preset, given: Typed) -> tuple[int, ...]:
    """The paper's own, or the first of them; raises UsageError where more were typed than it has."""
    distinct = tuple(dict.fromkeys(preset.seeds))
    if "seeds" not in given.names:
        return distinct
    asked = given.of(TrainingSettings).seeds
    if asked > len(distinct):
        raise UsageError(f"`seeds={asked}`: {preset.name} has {len(distinct)}, {distinct}.")
    return distinct[:asked]


def _filled(
    preset: Preset,
    dataset: str,
    setup: Setup,
    given: Typed,
    seeds: tuple[int, ...],
    machine: Machine,
    owner: OutputFolder,
) -> Filled:
    """The cells of one data set and setup, trained in a folder of their own, and all that is known of them
    written there."""
    said = _paper_first(preset, dataset, setup, given)
    training, scoring = said.of(TrainingSettings), said.of(ScoringSettings)
    ground = ground_of(said, machine)
    terms = terms_of(ground, said.of(CompareSettings), said.of(SpaceSettings), training, scoring)
    owner.begin()
    place = owner.path / f"{dataset}-{setup}"
    progress = progress_on_stderr(quiet=said.of(ScreenSettings).quiet)
    trained = compare_cells(preset, dataset, setup, terms, seeds, place, progress=progress)
    owner.confirm()
    line = shareable_line("rankscape compare", (CompareSettings, *JOB), given)
    write_comparison(trained, place, command=line)
    return fill(preset, dataset, setup, trained, terms, progress=progress)


def _paper_first(preset: Preset, dataset: str, setup: Setup, given: Typed) -> Typed:
    """What was typed, and what the paper says of all else."""
    paper = {**paper_settings(preset, dataset, setup), **_task(dataset, given)}
    return given.filled(**{name: value for name, value in paper.items() if name not in given.names})


def _task(dataset: str, given: Typed) -> dict[str, object]:
    """The data set as a named task; beside files of one's own only where it says how they are laid out."""
    if given.of(DataSettings).train_file and dataset in NAMED_TASKS:
        return {}
    return {"task": dataset}


def _inputs(preset: Preset, given: Typed) -> dict[str, Digests]:
    """Of the model and of every data set."""
    model = given.of(ModelSettings)
    if "model" not in given.names:
        model = replace(model, model=preset.model)
    rows = [given.filled(**_task(dataset, given)).of(DataSettings) for dataset in preset.datasets]
    return {name: digests for one in rows for name, digests in inputs_of(model, one).items()}
