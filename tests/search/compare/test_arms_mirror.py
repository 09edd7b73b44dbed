"""The study of a comparison is of the arms as they were chosen."""

from __future__ import annotations

import optuna

from evaluators.training.candidate import Evaluation, Trained
from search.compare.arm import arms_of
from search.compare.arm_training import Chosen, plan
from search.compare.arms_mirror import arms_shown
from search.compare.settings import CompareSettings
from search.compare.terms import terms_of
from search.job.settings import ScoringSettings, SpaceSettings, TrainingSettings
from search.mirror.study_place import StudyPlace

SPACE = SpaceSettings(space="lora[q]", budget="r=2")


def test_a_comparison_that_grew_and_chose_another_rule_at_the_same_rate_has_a_study_of_its_own(
    make_ground, tmp_path
):
    settings = CompareSettings(scalings=("alpha/r", "constant"))
    terms = terms_of(make_ground(), settings, SPACE, TrainingSettings(lr=1e-3), ScoringSettings())
    place = StudyPlace("arms", {}).at(tmp_path, "one run")
    for number, planned in enumerate(plan(arms_of("lora", SPACE)[0], terms)):
        own = Chosen(planned, 1e-3)
        (run,) = planned.candidates([0], [1e-3])
        with arms_shown(place)([own], [0]) as machine:
            done = Evaluation(run, 0.8 + number / 10, 0.5, None, (), 1.0, 0)
            machine.log(planned.workload, planned.on("test").fingerprint, Trained(done, {}))
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    studies = [optuna.load_study(study_name=n, storage=storage) for n in optuna.get_all_study_names(storage)]
    found = {one.trials[0].params["scaling"]: one.trials[0].value for one in studies}
    assert found == {"alpha/r": 0.8, "constant": 0.9}
