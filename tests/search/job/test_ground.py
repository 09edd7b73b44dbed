"""What jobs stand on is loaded once, asked once, and let go."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

from search.job.logs.training_log import Unlogged
from spaces.find_sites import find_sites


def test_the_model_is_the_one_on_the_first_device(make_ground):
    ground = make_ground()
    assert ground.model is ground.machine.models.on(ground.inputs.source, "cpu")


def test_on_a_machine_on_which_others_look_on_it_is_the_same_model_and_nobody_else_s_machine(make_ground):
    ground = make_ground()
    machine = replace(ground.machine, log=Unlogged())
    other = ground.on(machine)
    assert (other.machine, other.model) == (machine, ground.model)
    assert ground.machine is not machine


def test_the_same_sites_are_asked_about_once(make_ground, caplog):
    ground = make_ground()
    sites = find_sites(ground.model, "lora[q,v]")
    assert ground.usable(sites, "preserve") is ground.usable(sites, "preserve")
    assert ground.usable(sites, "preserve") == sites
    assert ground.usable(sites[:1], "preserve") == sites[:1]


def test_a_model_that_is_released_is_freed_and_loaded_again_when_it_is_needed(make_ground):
    ground = make_ground()
    model = weakref.ref(ground.model)
    ground.machine.models.release()
    gc.collect()
    assert model() is None
    assert ground.model.num_parameters() > 0
