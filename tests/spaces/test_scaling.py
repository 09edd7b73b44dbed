import pytest

from spaces import SCALING_RULES, Scaling, UsageError


def test_the_default_is_the_papers_alpha_over_r() -> None:
    assert Scaling().factor("lora", 8) == 16 / 8
    assert Scaling().factor("residual", 8) == Scaling().factor("cross", 8) == 4 / 8


def test_rank_stabilised_scaling_divides_by_the_root() -> None:
    assert Scaling("alpha/sqrt(r)").factor("lora", 16) == 16 / 4


def test_constant_scaling_does_not_follow_the_rank() -> None:
    scaling = Scaling("constant", reference_rank=4)
    assert {scaling.factor("lora", rank) for rank in (1, 2, 64)} == {16 / 4}


@pytest.mark.parametrize("rule", SCALING_RULES)
def test_rules_agree_at_the_rank_where_they_should(rule: str) -> None:
    assert Scaling(rule, reference_rank=1).factor("lora", 1) == 16


@pytest.mark.parametrize("rule", SCALING_RULES)
def test_a_wire_that_is_off_has_factor_zero(rule: str) -> None:
    assert Scaling(rule).factor("lora", 0) == 0


def test_an_unknown_rule_says_which_there_are() -> None:
    with pytest.raises(
        UsageError, match=r"`scaling='alpha'` is unknown; did you mean alpha/r\? Choose from alpha/r, "
    ):
        Scaling("alpha")


@pytest.mark.parametrize("wrong", [{"lora_alpha": 0.0}, {"shortcut_alpha": -1.0}, {"reference_rank": 0}])
def test_alphas_and_reference_rank_must_be_positive(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="must be positive and reference_rank="):
        Scaling(**wrong)  # type: ignore[arg-type]
