from __future__ import annotations

import re

import pytest
from transformers.models.ibert.quant_modules import QuantLinear

from evaluators.adapters.adaptable import adaptable, beyond_peft
from evaluators.adapters.peft_sites import peft_sites
from spaces.errors import InputError
from spaces.find_sites import find_sites
from tests.model_types import tiny_language_model_of, tiny_model_of


@pytest.mark.parametrize("model_type", ["bert", "gpt2", "llama", "phi3", "qwen3_moe"])
def test_linears_are_adapted_as_they_are(model_type: str) -> None:
    model = tiny_model_of(model_type)
    sites = peft_sites(model, find_sites(model, "lora[all]"))
    assert adaptable(model, sites) == sites


def test_what_peft_takes_for_experts_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    model = tiny_model_of("qwen3_next")
    sites = find_sites(model, "lora[all]")
    found = adaptable(model, sites)
    assert {site.role for site in sites} - {site.role for site in found} == {"gate", "up", "down"}
    assert adaptable(model, found) == found
    assert "left out 6 of 14 sites (layers.0.gate, layers.0.up, layers.0.down and more)" in caplog.text


@pytest.mark.parametrize("model_type", ["mamba", "falcon_h1"])
def test_what_peft_refuses_is_left_out_with_its_reason(
    model_type: str, caplog: pytest.LogCaptureFixture
) -> None:
    model = tiny_language_model_of(model_type)
    sites = peft_sites(model, find_sites(model, "lora[all]"))
    found = adaptable(model, sites)
    lost = [site for site in sites if site not in found]
    assert {site.target.module.rpartition(".")[2] for site in lost} == {"out_proj"}
    assert len(lost) == 2  # one in each of two blocks
    assert adaptable(model, found) == found
    says = (
        rf"left out 2 of {len(sites)} sites \(layers\.0\.\w+, layers\.1\.\w+\): PEFT cannot .*'out_proj' is"
    )
    assert re.search(says, caplog.text)


def test_of_a_role_only_what_peft_refuses_is_left_out() -> None:
    """A linear of a class that PEFT does not know, among others of its role."""
    model = tiny_model_of("bert")
    attention = model.get_submodule("bert.encoder.layer.1.attention.self")
    own = attention.query
    attention.query = QuantLinear(own.in_features, own.out_features)
    sites = find_sites(model, "lora[q,v]")
    assert adaptable(model, sites) == tuple(site for site in sites if site.name != "layers.1.q")


def test_where_nothing_is_left_the_roles_that_would_do_are_named() -> None:
    model = tiny_language_model_of("mamba")
    lost = [one for one in find_sites(model, "lora[all]") if one.target.module.endswith("out_proj")]
    with pytest.raises(
        InputError, match=r"none of 2 sites of this space is left: .*`space`, such as lora\[in_proj,.*\]"
    ):
        adaptable(model, lost)


def test_a_linear_that_peft_does_not_know_is_refused() -> None:
    model = tiny_model_of("ibert")
    with pytest.raises(InputError, match=r"PEFT cannot adapt this model so .*QuantLinear"):
        adaptable(model, find_sites(model, "lora[q]"))


@pytest.mark.parametrize("model_type", ["bert", "gpt2", "llama", "phi3", "qwen3_moe"])
def test_nothing_is_said_of_what_peft_loads(model_type: str) -> None:
    model = tiny_model_of(model_type)
    assert beyond_peft(model, find_sites(model, "lora[all]")) == ()


def test_nothing_is_said_of_shortcuts() -> None:
    model = tiny_model_of("bert")
    assert beyond_peft(model, find_sites(model, "shortcut")) == ()
    assert beyond_peft(model, find_sites(model, "lora+shortcut")) == ()


@pytest.mark.parametrize(
    ("model_type", "lost", "reason"),
    [
        (
            "deepseek_v3",
            6,
            "PEFT takes their names for those of other modules; of these roles lora[q_a_proj,",
        ),
        ("qwen3_next", 6, "PEFT takes their names for those of other modules; of these roles lora["),
        ("mamba", 2, "PEFT cannot adapt this model so (ValueError: "),
        (
            "deberta-v2",
            4,
            "they also project positions, which PEFT's adapters would change too; of these roles",
        ),
    ],
)
def test_what_peft_will_not_load_is_said_with_the_roles_that_would_do(
    model_type: str, lost: int, reason: str
) -> None:
    model = tiny_model_of(model_type) if model_type == "deberta-v2" else tiny_language_model_of(model_type)
    sites = find_sites(model, "lora[all]")
    (said,) = beyond_peft(model, sites)
    assert (
        f"PEFT will not load an adapter with wires at {lost} of {len(sites)} linear sites (layers.0." in said
    )
    assert f"load_adapter will: {reason}" in said
    assert said.endswith("] would do")


def test_where_no_role_would_do_none_is_named() -> None:
    model = tiny_model_of("ibert")
    (said,) = beyond_peft(model, find_sites(model, "lora[q]"))
    assert "QuantLinear" in said
    assert "would do" not in said
