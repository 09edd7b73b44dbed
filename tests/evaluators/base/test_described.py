"""A description tells what decides a result, and nothing of how the program has grown since."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, make_dataclass

import pytest

from evaluators.base.described import described, not_before
from evaluators.training.candidate import Recipe
from search.methods.registry import METHODS, policy_of
from spaces.scaling import Scaling


def policy(*more: tuple[str, type, object], strength: float = 0.5) -> object:
    """A policy as a version of the program has it: with these fields besides."""
    return make_dataclass("Policy", [("strength", float, field(default=strength)), *more], frozen=True)()


def test_a_new_field_at_what_was_done_before_it_says_nothing_new():
    later = policy(("decay", float, field(default=0.0, metadata=not_before(0.0))))
    assert described(later) == described(policy()) == {"Policy": {"strength": 0.5}}


def test_a_new_field_whose_default_does_something_else_is_told():
    later = policy(("decay", float, field(default=0.1, metadata=not_before(0.0))))
    assert described(later) == {"Policy": {"strength": 0.5, "decay": 0.1}}


def test_a_default_that_has_changed_is_told_from_the_one_before():
    assert described(policy(strength=0.6)) != described(policy())


def test_where_a_value_was_typed_as_a_whole_number_it_is_the_same():
    assert json.dumps(described(policy(strength=5))) == json.dumps(described(policy(strength=5.0)))


def test_values_within_values_are_told():
    told = described(Recipe(scaling=Scaling("constant")))
    assert told["Recipe"]["scaling"]["Scaling"]["rule"] == "constant"
    assert described((Scaling(), None, {"a": 1.5})) == [described(Scaling()), None, {"a": 1.5}]


@pytest.mark.parametrize("name", METHODS)
def test_every_method_can_be_told_from_the_same_at_another_budget(name, tiny_model):
    model = tiny_model("bert")
    one, same, other = (json.dumps(described(policy_of(name, budget, model))) for budget in (99, 99, 100))
    assert one == same
    assert name in ("full",) or one != other


def test_what_has_no_fields_is_refused():
    @dataclass(frozen=True)
    class Trainer:
        how: object

    with pytest.raises(TypeError, match="a function cannot be told from others"):
        described(Trainer(policy))
