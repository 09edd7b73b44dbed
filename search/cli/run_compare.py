"""A comparison in its folder. Importing this takes seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from search.compare.arm import arms_of
from search.compare.arm_training import plan_all
from search.compare.arms_mirror import ARMS_STUDIES, arms_shown
from search.compare.pipeline import compare_arms, write_comparison
from search.compare.settings import COMPARISON_MAY_GROW, CompareSettings
from search.compare.terms import terms_of
from search.folder.output_folder import OutputFolder, decisive
from search.folder.provenance import inputs_of
from search.job.machine import Machine
from search.job.prepare import prepare
from search.job.settings import DataSettings, ModelSettings, ScoringSettings, SpaceSettings, TrainingSettings
from search.mirror.free_names import check_free, chosen_place
from search.mirror.study_place import check_shown, study_of_job
from search.storage.settings import StorageSettings

from .command import Printed
from .ground_of import ground_of, machine_given
from .how_to_look import how_to_look
from .job_options import JOB
from .output_path import output_path
from .output_settings import OutputSettings, ScreenSettings
from .progress import progress_on_stderr
from .shareable_line import shareable_line
from .typed import Typed

__all__ = ["COMMAND", "run_compare"]

COMMAND: Final = "search.compare"
"""Whose a folder is, of presets and of others."""


def run_compare(given: Typed, machine: Callable[[Typed], Machine] = machine_given) -> Printed:
    """Runs or goes on with a comparison; prints what ``leaderboard.json`` holds, and its text.

    The budget is that of the space as typed, in every arm. Raises UsageError or InputError, and leaves
    nothing, on options or data that cannot be used.
    """
    known = decisive(given.each((*JOB, CompareSettings)), growing=COMPARISON_MAY_GROW)
    inputs = partial(inputs_of, given.of(ModelSettings), given.of(DataSettings))
    folder = OutputFolder(output_path(given.of(OutputSettings).output), COMMAND, known, inputs=inputs)
    with folder.opened() as path:
        space, training = given.of(SpaceSettings), given.of(TrainingSettings)
        arms = arms_of(given.of(CompareSettings).methods, space)
        shown = given.of(StorageSettings)
        check_shown(shown)
        check_free(chosen_place(shown, folder.planned), ARMS_STUDIES)
        ground = ground_of(given, machine(given))
        terms = terms_of(ground, given.of(CompareSettings), space, training, given.of(ScoringSettings))
        budget = str(prepare(ground, space, training, terms.scoring).max_params)
        plans = plan_all([replace(arm, budget=budget) for arm in arms], terms)
        folder.begin()
        progress = progress_on_stderr(quiet=given.of(ScreenSettings).quiet)
        study = study_of_job(plans[0][0].job, space.budget, shown).at(path, folder.identity)
        check_free(study, ARMS_STUDIES)  # of a model of a hub, which is known by now
        compared = compare_arms(
            plans, terms, training.all_seeds, path, shown=arms_shown(study), progress=progress
        )
        folder.confirm()
        line = shareable_line("rankscape compare", (CompareSettings, *JOB), given)
        write_comparison(compared, path, command=line)
    told = compared.sheet.with_sentences(f"saved in {path}").text
    look = how_to_look(path, study.elsewhere)
    return Printed(compared.board.to_json(), f"{told}\n{look}", compared.samples)
