"""Sites of somebody's own class, whose bodies are not where a model of their type has them."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel

from spaces.errors import UsageError
from spaces.find_sites import find_sites

SIZES = {
    "hidden_size": 16,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "intermediate_size": 24,
    "ffn_dim": 24,
    "vocab_size": 50,
}


class OwnModel(PreTrainedModel):
    """Somebody's own class over a known configuration: bodies of that type, under names of its own."""

    base_model_prefix = "body"
    names: tuple[str, ...] = ()

    def __init__(self, config: PretrainedConfig) -> None:
        super().__init__(config)
        for name in self.names:
            setattr(self, name, AutoModel.from_config(config))


def own_model(model_type: str, *names: str) -> PreTrainedModel:
    """One with a body of that type under each of these names; two blocks each."""
    config = AutoConfig.for_model(model_type, **SIZES)
    with torch.device("meta"):
        return type("OwnModel", (OwnModel,), {"names": names, "__module__": __name__})(config)


@pytest.mark.parametrize("model_type", ["bert", "opt", "llama", "gpt_neox", "distilbert", "biogpt"])
@pytest.mark.parametrize("names", [("left",), ("left", "right")])
def test_bodies_under_other_names_have_lora_sites_by_the_names_of_their_linears(
    model_type: str, names: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    model = own_model(model_type, *names)
    linears = {name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    sites = find_sites(model, "lora[all]")
    assert {site.target.module for site in sites} == {name for name in linears if "pooler" not in name}
    assert len({site.name for site in sites}) == len(sites)
    assert not caplog.messages


def test_blocks_elsewhere_have_no_shortcuts_and_say_why() -> None:
    model = own_model("bert", "left", "right")
    linears = find_sites(model, "lora[all]")
    assert find_sites(model, "lora[all]+shortcut") == linears  # all that it has of them
    with pytest.raises(
        UsageError, match=r"\['res1'\] are not residual roles .* \[\]: its blocks are not where"
    ):
        find_sites(model, "lora+residual[res1]")
    with pytest.raises(UsageError, match="has no site in this bert model: its blocks are not where"):
        find_sites(model, "shortcut")


@pytest.mark.parametrize(("model_type", "where"), [("bert", "body.encoder.layer"), ("biogpt", "body")])
def test_linears_outside_of_the_searched_blocks_are_counted_in_the_log_once(
    model_type: str, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    model = own_model(model_type, "body", "other")
    sites = find_sites(model, "lora[all]")
    assert len(sites) == 2 * 6
    assert find_sites(model, "lora[all]") == sites
    (line,) = caplog.messages
    assert line.startswith(f"12 linears of blocks outside of {where} can have no wires, such as other.")
