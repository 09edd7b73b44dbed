"""Arms as they are typed."""

from __future__ import annotations

import pytest

from search.compare.arm import arms_of
from search.compare.peft_configs import REFEREES
from search.job.settings import SpaceSettings
from search.methods.registry import METHODS
from spaces.errors import UsageError

SPACE = SpaceSettings(space="lora+shortcut", budget="r=2", renorm="preserve")


def test_a_spec_has_a_method_with_settings_a_space_and_a_norm_all_but_the_first_optional():
    plain, whole, norm = arms_of(
        "lora, hetero-static[proxy=grad_norm@init, batches=2] @ lora[q,v]+cross / paper,lora/paper", SPACE
    )
    assert (plain.method, plain.space, plain.renorm) == ("lora", "lora+shortcut", "preserve")
    assert (whole.name, whole.space, whole.renorm) == ("hetero-static", "lora[q,v]+cross", "paper")
    assert whole.method == "hetero-static[proxy=grad_norm@init,batches=2]"
    assert whole.file_name == "hetero-static_proxy=grad_norm_init_batches=2_lora_q_v_cross_paper"
    assert (norm.space, norm.renorm) == ("lora+shortcut", "paper")


def test_groups_are_all_methods_or_all_referees_which_may_be_left_out():
    assert [arm.label for arm in arms_of("all", SPACE)] == list(METHODS)
    arms = arms_of("lora,peft", SPACE)
    assert [(arm.label, arm.optional) for arm in arms] == [
        ("lora", False),
        *((one, True) for one in REFEREES),
    ]
    assert [arm.referee for arm in arms] == [False] + [True] * len(REFEREES)


def test_a_method_that_was_named_is_not_left_out_as_one_of_a_group_wherever_the_group_stands():
    for methods in ("flop,all", "all,flop"):
        assert [arm.label for arm in arms_of(methods, SPACE) if not arm.optional] == ["flop"]


def test_what_is_typed_twice_is_trained_once():
    assert arms_of("sora[ratio=2],sora[ ratio = 2 ]", SPACE) == arms_of("sora[ratio=2]", SPACE)


@pytest.mark.parametrize(
    ("methods", "words"),
    [
        ("lorra", r"did you mean lora\? Choose from lora, .*peft-ia3, all, peft"),
        ("peft-lora[r=8]", "has no settings"),
        ("adalora[ratio", "write NAME"),
        ("sora[ratio=2,ratio=3]", "stands twice"),
        ("dylora[b=x]", "'b' is no setting of 'dylora"),
        ("dylora[p=x]", "p='x' in .* cannot be used; give float"),
        ("dylora[p=2]", "must lie in"),
        ("full[rate=1]", "'rate' is no setting of .*; it has none"),
        ("lora/twice", "choose preserve or paper"),
        ("lora,sora@prefix", "'prefix' is not lora, residual, cross or shortcut"),
        ("lora@lora[q,v],lora@lora[q_v]", "would write the same files"),
    ],
)
def test_what_cannot_be_read_says_what_can(methods, words):
    with pytest.raises(UsageError, match=words):
        arms_of(methods, SPACE)
