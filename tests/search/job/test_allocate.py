"""``search.allocate``: from a model and batches to a LoraConfig, leaving the model as it was."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor
from torch.utils.data import DataLoader
from transformers import (
    AutoModelForSeq2SeqLM,
    BatchEncoding,
    BertConfig,
    BertModel,
    BertPreTrainedModel,
    PreTrainedModel,
    T5Config,
)
from transformers.modeling_outputs import SequenceClassifierOutput

from search.job.allocate import allocate, allocated
from spaces.errors import InputError, UsageError
from tests.conftest import TINY, VOCABULARY, TinyModel
from tests.model_types import tiny_language_model_of, tiny_model_of
from tests.search.job.labelled_batches import batches_of


@pytest.fixture(params=["bert", "opt", "gpt2", "llama", "opt lm", "gpt2 lm", "llama lm", "phi3", "falcon"])
def model(
    request: pytest.FixtureRequest, tiny_model: TinyModel, tiny_language_model: TinyModel
) -> PreTrainedModel:
    """Classifiers and language models of known families (Llama has grouped queries), and two unknown ones."""
    name: str = request.param
    if name.endswith(" lm"):
        return tiny_language_model(name.removesuffix(" lm"))
    return tiny_model(name) if name in TINY else tiny_model_of(name)


def adapters_of(model: PreTrainedModel, config: LoraConfig) -> dict[str, int]:
    """What PEFT itself makes of a config: the parameters of every adapted module."""
    adapted = get_peft_model(copy.deepcopy(model), copy.deepcopy(config))
    found: dict[str, int] = {}
    for name, tensor in adapted.named_parameters():
        if tensor.requires_grad and ".lora_" in name:
            module = name.removeprefix("base_model.model.").partition(".lora_")[0]
            found[module] = found.get(module, 0) + tensor.numel()
    return found


@pytest.mark.parametrize("allocator", ["greedy", "exact", "uniform"])
def test_peft_gets_as_many_parameters_as_the_budget_allows(model: PreTrainedModel, allocator: str) -> None:
    config = allocate(model, batches_of(model), budget=2_000, allocator=allocator)
    adapters = adapters_of(model, config)
    cheapest = min(sum(model.get_submodule(name).weight.shape) for name in adapters)
    assert 2_000 - 2 * cheapest < sum(adapters.values()) <= 2_000


def test_every_named_module_is_adapted_and_no_other(model: PreTrainedModel) -> None:
    config = allocate(model, batches_of(model), budget="r=2")
    assert config.target_modules == set(adapters_of(model, config))
    assert config.task_type == (
        "SEQ_CLS" if "ForSequenceClassification" in type(model).__name__ else "CAUSAL_LM"
    )


@pytest.mark.parametrize(
    "model_type", ["bart", "bloom", "gpt_neox", "mixtral", "qwen3_next", "xlnet", "zamba2"]
)
def test_types_of_every_make_can_be_allocated(model_type: str) -> None:
    model = tiny_model_of(model_type)
    batches = [
        {**one, "input_ids": one["input_ids"].index_fill(1, torch.tensor(8), 3)} for one in batches_of(model)
    ]
    config = allocate(model, batches, budget="r=2")
    assert config.target_modules == set(adapters_of(model, config))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_the_model_comes_back_untouched(
    tiny_language_model: TinyModel, training: bool, dtype: torch.dtype
) -> None:
    model = tiny_language_model("llama").to(dtype).train(training).requires_grad_(training)
    model.lm_head.weight.requires_grad_(True)
    model.lm_head.weight.grad = torch.ones_like(model.lm_head.weight)
    model.activation_checkpointing_enable()
    rows = [
        {name: one[row] for name, one in batch.items()} for batch in batches_of(model) for row in range(4)
    ]
    before, shuffled = copy.deepcopy(model), DataLoader(rows, batch_size=4, shuffle=True)
    generator = torch.get_rng_state()
    with torch.inference_mode():
        allocate(model, shuffled, budget="r=2")
    assert torch.equal(torch.get_rng_state(), generator)
    torch.testing.assert_close(model.state_dict(), before.state_dict(), rtol=0, atol=0)
    assert model.config.to_dict() == before.config.to_dict()
    for one, other in zip(model.parameters(), before.parameters(), strict=True):
        assert one.requires_grad == other.requires_grad
        assert one.grad is None or one is model.lm_head.weight
    assert torch.equal(model.lm_head.weight.grad, torch.ones_like(model.lm_head.weight))
    for one, other in zip(model.modules(), before.modules(), strict=True):
        assert type(one) is type(other)
        assert one.training == other.training
        assert len(one._forward_hooks) == len(other._forward_hooks)
        assert len(one._forward_pre_hooks) == len(other._forward_pre_hooks)
        assert not hasattr(one, "peft_config")


def test_labels_of_another_kind_can_follow(tiny_model: TinyModel) -> None:
    model = tiny_model("bert")
    good = batches_of(model)
    expected = allocate(model, good, budget="r=2").to_dict()
    with pytest.raises(InputError):
        allocate(model, [{**batch, "labels": torch.rand(4, 3)} for batch in good], budget="r=2")
    several = [{**batch, "labels": torch.rand(4, model.config.num_labels)} for batch in good]
    allocate(model, several, budget="r=2")
    assert model.config.problem_type is None
    assert allocate(model, good, budget="r=2").to_dict() == expected


def test_layer_1_is_told_from_layer_11(tiny_language_model: TinyModel) -> None:
    model = tiny_language_model("llama", num_hidden_layers=12)
    config = allocate(model, batches_of(model), budget="r=1", space="lora[q]", proxy="root:adam_signal")
    ranks = {
        name: config.rank_pattern.get(f"^{name.replace('.', chr(92) + '.')}", config.r)
        for name in config.target_modules
    }
    assert len(set(ranks.values())) > 1
    per_rank = 2 * 32
    assert adapters_of(model, config) == {name: rank * per_rank for name, rank in ranks.items()}


@pytest.mark.parametrize("rule", ["alpha/r", "alpha/sqrt(r)", "constant"])
def test_every_adapter_has_the_factor_of_the_scaling_rule(tiny_language_model: TinyModel, rule: str) -> None:
    model = tiny_language_model("gpt2")
    config = allocate(model, batches_of(model), budget="r=3", scaling=rule, lora_alpha=10)
    adapted = get_peft_model(model, config)
    factor = {
        "alpha/r": lambda r: 10 / r,
        "alpha/sqrt(r)": lambda r: 10 / r**0.5,
        "constant": lambda r: 10 / 8,
    }
    seen = [one for one in adapted.modules() if hasattr(one, "lora_A") and one.lora_A]
    assert len({one.r["default"] for one in seen}) > 1
    for one in seen:
        assert one.scaling["default"] == pytest.approx(factor[rule](one.r["default"]), rel=1e-12)


def test_budgets_and_ranks_may_be_texts_or_numbers(tiny_language_model: TinyModel) -> None:
    model = tiny_language_model("llama")
    batches = batches_of(model)
    text = allocate(model, batches, budget="2k", ranks="0,1,2").to_dict()
    assert allocate(model, batches, budget=2_000, ranks=[0, 1, 2]).to_dict() == text


def test_fused_projections_are_one_site_whose_whole_cost_counts(tiny_language_model: TinyModel) -> None:
    model = tiny_language_model("gpt2")
    config = allocate(model, batches_of(model), budget=3 * (32 + 96), space="lora[q,v]", ranks=(0, 1))
    assert adapters_of(model, config) == {f"transformer.h.{i}.attn.c_attn": 32 + 96 for i in range(3)}
    assert config.fan_in_fan_out


def test_the_first_batches_alone_are_read_and_one_after_the_other(tiny_language_model: TinyModel) -> None:
    model, read = tiny_language_model("llama"), []

    def endless() -> Iterable[Mapping[str, Tensor]]:
        while True:
            for batch in batches_of(model):
                read.append(len(read))
                yield batch

    whole = allocate(model, batches_of(model, 4) * 2, budget="r=2", batches=6)
    assert allocate(model, endless(), budget="r=2", batches=6).to_dict() == whole.to_dict()
    assert len(read) == 6


def test_batch_encodings_and_columns_that_the_model_does_not_know_will_do(
    tiny_language_model: TinyModel,
) -> None:
    model = tiny_language_model("llama")
    plain = batches_of(model)
    encoded = [BatchEncoding({**batch, "length": torch.full((4,), 9), "text": ["a"] * 4}) for batch in plain]
    assert allocate(model, encoded, budget="r=2").to_dict() == allocate(model, plain, budget="r=2").to_dict()


def test_an_encoder_decoder_is_scored_by_its_own_loss() -> None:
    sizes = {"d_model": 32, "d_ff": 48, "d_kv": 16, "num_layers": 2, "num_heads": 2}
    config = T5Config(vocab_size=VOCABULARY, decoder_start_token_id=0, **sizes)
    model = AutoModelForSeq2SeqLM.from_config(config)
    found = allocate(model, batches_of(model), budget=1_500)
    assert found.task_type == "SEQ_2_SEQ_LM"
    assert 1_400 < sum(adapters_of(model, found).values()) <= 1_500


@pytest.mark.parametrize("model_type", ["falcon_mamba", "mamba"])
def test_a_linear_that_peft_refuses_is_left_out_of_the_default_space(
    model_type: str, caplog: pytest.LogCaptureFixture
) -> None:
    model = tiny_language_model_of(model_type)
    config = allocate(model, batches_of(model, 2), budget="r=1")
    assert config.target_modules == set(adapters_of(model, config))
    assert not any(name.endswith("out_proj") for name in config.target_modules)
    assert "left out 2 of " in caplog.text


class TwoSentences(BertPreTrainedModel):
    """Somebody's own class, with a body under a name of its own and a layer that nothing reads."""

    base_model_prefix = "body"

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        self.body, self.score = BertModel(config, add_pooling_layer=False), torch.nn.Linear(32, 1)
        self.post_init()

    def forward(self, input_ids: Tensor, labels: Tensor | None = None) -> SequenceClassifierOutput:
        hidden = self.body(input_ids, output_hidden_states=True).hidden_states[-2]
        logits = self.score(hidden[:, 0])
        loss = None if labels is None else torch.nn.functional.mse_loss(logits[:, 0], labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


@pytest.mark.parametrize("allocator", ["greedy", "exact", "topk", "uniform", "random"])
def test_a_gate_of_width_one_gets_rank_one_and_ends_the_grid_for_nobody_else(allocator: str) -> None:
    model = tiny_model_of("qwen2_moe")
    config = allocate(model, batches_of(model), budget="r=4", allocator=allocator)
    adapted = get_peft_model(copy.deepcopy(model), config)
    ranks = {name: own.weight.shape[0] for name, own in adapted.named_modules() if ".lora_A.default" in name}
    assert {rank for name, rank in ranks.items() if "shared_expert_gate" in name} <= {1}
    assert max(ranks.values()) >= 4


@pytest.mark.parametrize(("budget", "mean_rank"), [("r=3", 3.0), (2_496, 2.496)])
def test_the_mean_rank_is_of_the_sites_that_the_loss_reaches(budget: str | int, mean_rank: float) -> None:
    model = TwoSentences(BertConfig(vocab_size=VOCABULARY, **TINY["bert"][1]))
    given = {name: one.default for name, one in inspect.signature(allocate).parameters.items()}
    del given["model"], given["dataloader"]
    batches = [{**batch, "labels": torch.rand(4)} for batch in batches_of(model)]
    found = allocated(model, batches, **given | {"budget": budget, "allocator": "uniform"})
    linears = [model.get_submodule(name).weight for name in found.config.target_modules]
    assert len(linears) == 2 * 6
    assert found.mean_rank == pytest.approx(
        mean_rank if budget == "r=3" else budget / sum(sum(one.shape) for one in linears)
    )


def test_sites_that_the_loss_does_not_reach_get_nothing(caplog: pytest.LogCaptureFixture) -> None:
    model = TwoSentences(BertConfig(vocab_size=VOCABULARY, **TINY["bert"][1]))
    batches = [{**batch, "labels": torch.rand(4)} for batch in batches_of(model)]
    config = allocate(model, batches, budget="r=2", allocator="uniform")
    assert config.task_type is None
    assert "PEFT has no task type for a TwoSentences, " in caplog.text
    assert "set the config's modules_to_save to it, out of score" in caplog.text
    assert len(config.target_modules) == 2 * 6
    assert all(
        name.startswith(("body.encoder.layer.0", "body.encoder.layer.1")) for name in config.target_modules
    )
    assert "left out 6 of 18 sites" in caplog.text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"budget": 10}, "a budget of 10 parameters does not fit this space"),
        ({"budget": "a lot"}, "`budget='a lot'` is not a positive number"),
        ({"budget": True}, "`budget=True` is not a positive number"),
        ({"space": "lora[q]+shortcut"}, "PEFT has no adapter for layers.0.res1"),
        ({"proxy": "nonsense"}, "`proxy='nonsense'` is unknown"),
        ({"allocator": "nonsense"}, "`allocator='nonsense'` is unknown"),
        ({"scaling": "nonsense"}, "`scaling='nonsense'` is unknown"),
        ({"seed": -1}, "`seed=-1` must be at least 0"),
        ({"seed": "1"}, "`seed='1'` must be a whole number"),
        ({"batches": 0}, "`batches=0` must be at least 1"),
        ({"batches": -1}, "`batches=-1` must be at least 1"),
        ({"batches": 1.5}, "`batches=1.5` must be a whole number"),
        ({"budget": 1.5}, "`budget=1.5` is not a positive number of parameters, as a whole number or a text"),
        ({"budget": None}, "`budget=None` is not a positive number"),
        ({"ranks": "0,x"}, "`ranks=0,x` are not whole numbers with commas"),
        ({"ranks": [0, 2.5]}, "`ranks=[0, 2.5]` are not whole numbers; write"),
        ({"ranks": 4}, "`ranks=4` are not whole numbers; write"),
        ({"ranks": [0, -1]}, "`ranks=0,-1` are not whole numbers"),
        ({"ranks": []}, "`ranks=` are not whole numbers"),
        ({"space": 3}, "`space=3` must be text"),
        ({"proxy": ["snip"]}, "`proxy=['snip']` must be text"),
        ({"lora_alpha": "16"}, "`lora_alpha='16'` must be a number"),
    ],
)
def test_arguments_that_cannot_be_are_refused_with_a_reason(
    tiny_language_model: TinyModel, arguments: dict[str, Any], says: str
) -> None:
    model = tiny_language_model("llama")
    with pytest.raises(UsageError, match=re.escape(says)):
        allocate(model, batches_of(model), **{"budget": "r=2", **arguments})
