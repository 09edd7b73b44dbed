"""The probe against models that mix rows, leave modules unused, or cannot embed what they are given."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedModel

from evaluators.objectives.classification import Classification
from spaces.errors import InputError
from spaces.find_sites import find_sites
from spaces.objective import Batch, Objective
from spaces.probe import SLOTS, probe_sites
from spaces.site import Site, Tap

SPACE = "lora[all]+shortcut"


@pytest.fixture
def pair() -> tuple[Objective, Batch, list[Batch]]:
    """Two classes; a batch of six rows, and three others, each with other rows in one of the three slots."""
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(4, 100, (8, 9), generator=generator)
    mask = (torch.arange(9) < torch.tensor([9, 7, 9, 5, 8, 6, 4, 9])[:, None]).long()
    ids = torch.where(mask.bool(), ids, 1)
    picks = [[0, 1, 2, 3, 4, 5], [6, 7, 2, 3, 4, 5], [0, 1, 6, 7, 4, 5], [0, 1, 2, 3, 6, 7]]
    labels = torch.zeros(6, dtype=torch.long)
    first, *others = (Batch({"input_ids": ids[rows], "attention_mask": mask[rows]}, labels) for rows in picks)
    assert len(others) == SLOTS
    return Classification(("a", "b")), first, others


class _Reshaping(nn.Module):
    """In place of BERT's attention, hands its linear something else than (rows, tokens, width)."""

    def __init__(self, through: Callable[[nn.Linear, Tensor], Tensor]) -> None:
        super().__init__()
        self.odd = nn.Linear(32, 32)
        self.through = through

    def forward(self, hidden: Tensor, *_: object, **__: object) -> tuple[Tensor, None]:
        return hidden + self.through(self.odd, hidden), None


def _tokens_first(linear: nn.Linear, hidden: Tensor) -> Tensor:
    result: Tensor = linear(hidden.transpose(0, 1)).transpose(0, 1)
    return result


def _positions(linear: nn.Linear, hidden: Tensor) -> Tensor:
    result: Tensor = linear(torch.arange(12.0 * 32).view(12, 32))[None, :1]
    return result


def _chosen_tokens(linear: nn.Linear, hidden: Tensor) -> Tensor:
    """As an expert sees those that a router sends it."""
    flat = hidden.reshape(-1, 32)
    chosen = flat[:, 0] > 0
    result = torch.zeros_like(flat)
    result[chosen] = linear(flat[chosen])
    return result.view_as(hidden)


def _flat(linear: nn.Linear, hidden: Tensor) -> Tensor:
    result: Tensor = linear(hidden.reshape(-1, 32)).view_as(hidden)
    return result


def _with(
    model: PreTrainedModel, through: Callable[[nn.Linear, Tensor], Tensor]
) -> tuple[PreTrainedModel, Site]:
    odd = _Reshaping(through).requires_grad_(False)
    model.base_model.encoder.layer[1].attention = odd
    name = "bert.encoder.layer.1.attention.odd"
    return model, Site("layers.1.odd", 1, "odd", "lora", 32, 32, Tap(name, "in"), Tap(name, "out"))


@pytest.mark.parametrize(("through", "reason"), [
    (_tokens_first, r"\(9, 6, 32\), does not begin with the rows of the batch"),
    (_positions, r"\(12, 32\), does not depend on the rows"),
    (_chosen_tokens, r"is not cut by rows|does not begin with the rows"),
])  # fmt: skip
def test_a_site_that_does_not_carry_each_slots_own_rows_is_refused(tiny_model, pair, through, reason):
    model, site = _with(tiny_model("bert"), through)
    others = find_sites(model, "lora[fc1]")
    with pytest.raises(InputError, match=reason) as refusal:
        probe_sites(model, (*others, site), *pair)
    assert "1 of 4 sites" in str(refusal.value)
    assert "layers.1.odd" in str(refusal.value)
    assert "`space='lora[fc1]'`" in str(refusal.value)


def test_a_source_of_flattened_tokens_is_the_rows_own(tiny_model, pair):
    model, site = _with(tiny_model("bert"), _flat)
    assert probe_sites(model, (site,), *pair) == (site,)


PRE_NORM = ("opt", "gpt2", "llama", "gemma2", "olmo2", "bloom", "phi3", "mixtral", "qwen3_moe", "modernbert")
POST_NORM = ("bert", "roberta", "deberta-v2", "opt-post", "albert", "mpnet")


@pytest.mark.parametrize(
    ("family", "renorm"),
    [
        *((family, "preserve") for family in (*PRE_NORM, *POST_NORM, "gpt_neox", "falcon")),
        *((family, "paper") for family in POST_NORM),
    ],
)
def test_every_site_of_the_families_passes(tiny_model, pair, family, renorm):
    model = tiny_model(family)
    sites = find_sites(model, SPACE)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert probe_sites(model, sites, *pair, renorm=renorm) == sites
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_debertas_position_projections_are_refused_by_name(pair):
    config = AutoConfig.for_model(
        "deberta", vocab_size=100, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_labels=2,
        intermediate_size=48, max_position_embeddings=64, relative_attention=True,
        pos_att_type=["c2p", "p2c"], type_vocab_size=0, pad_token_id=1,
    )  # fmt: skip
    model = AutoModelForSequenceClassification.from_config(config).eval().requires_grad_(False)
    sites = find_sites(model, "lora[all]")
    with pytest.raises(InputError, match=r"layers.0.pos_proj.*does not depend on the rows"):
        probe_sites(model, sites, *pair)
    good = tuple(site for site in sites if not site.role.startswith("pos_"))
    assert probe_sites(model, good, *pair) == good


def test_a_site_that_no_pass_calls_is_left_out_with_a_line(tiny_model, pair, caplog):
    model = tiny_model("bert")
    model.base_model.vision = nn.Linear(32, 32).requires_grad_(False)
    unused = Site("layers.0.v.2", 0, "v", "lora", 32, 32, Tap("bert.vision", "in"), Tap("bert.vision", "out"))
    sites = find_sites(model, "lora")
    with caplog.at_level(logging.WARNING):
        assert probe_sites(model, (unused, *sites), *pair) == sites
    assert caplog.messages == ["left out 1 of 7 sites (layers.0.v.2): none of the probe's passes calls it"]


def test_a_site_without_a_path_to_the_output_is_left_out_with_a_line(tiny_model, pair, caplog):
    model = tiny_model("bert")
    layer = model.base_model.encoder.layer[2]
    layer.attention.output.register_forward_hook(lambda _, args, __: args[1])  # the residual stream alone
    sites = find_sites(model, "lora[v,fc1]")
    with caplog.at_level(logging.WARNING):
        left = probe_sites(model, sites, *pair)
    assert [site.name for site in sites if site not in left] == ["layers.2.v"]
    assert "layers.2.v" in caplog.text
    assert "no gradient of the model's output reaches it" in caplog.text


def test_a_site_whose_gradient_is_zero_for_now_is_kept_with_a_line(tiny_model, pair, caplog):
    model = tiny_model("bert")
    model.base_model.encoder.layer[2].output.dense.weight.zero_()  # what a wire at fc2 may change
    sites = find_sites(model, "lora[fc1,fc2]")
    with caplog.at_level(logging.WARNING):
        assert probe_sites(model, sites, *pair) == sites
    assert caplog.messages == ["the gradient is zero at 1 of 6 sites (layers.2.fc1)"]


def test_where_no_site_is_left_the_space_is_refused(tiny_model, pair):
    model = tiny_model("bert")
    model.base_model.vision = nn.Linear(32, 32).requires_grad_(False)
    unused = Site("layers.0.v", 0, "v", "lora", 32, 32, Tap("bert.vision", "in"), Tap("bert.vision", "out"))
    with pytest.raises(InputError, match=r"of 1 site of this space none is used"):
        probe_sites(model, (unused,), *pair)


def test_a_model_whose_rows_move_one_another_is_refused(tiny_model, pair):
    model = tiny_model("bert")
    model.base_model.pooler.register_forward_hook(lambda _, __, output: output - output.mean(0))
    with pytest.raises(InputError, match="change one another's outputs"):
        probe_sites(model, find_sites(model, "lora"), *pair)


def test_a_model_that_is_random_is_refused(tiny_model, pair):
    model = tiny_model("bert")
    model.base_model.pooler.register_forward_hook(lambda _, __, output: output + torch.randn_like(output))
    with pytest.raises(InputError, match="two passes of this model over the same batch differ"):
        probe_sites(model, find_sites(model, "lora"), *pair)


def _tokens_first_head(model: PreTrainedModel) -> None:
    """Before the classifier the rows and the tokens change places, and behind it again."""

    class Turned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(32, 2)

        def forward(self, pooled: Tensor) -> Tensor:
            both = torch.stack([pooled, pooled.flip(1)])  # (2, rows, width)
            turned: Tensor = self.linear(both).mean(0)
            return turned

    model.classifier = Turned()


def test_a_head_that_would_mix_candidates_is_refused(tiny_model, pair):
    model = tiny_model("bert")
    _tokens_first_head(model)
    with pytest.raises(
        InputError, match=r"the head of this bert model would mix .*the head's classifier.linear"
    ):
        probe_sites(model, find_sites(model, "lora"), *pair)


def test_a_head_that_no_gradient_reaches_is_refused(tiny_model, pair):
    """Its weights are used, but not by calling it, so that no candidate's own could take their place."""

    class Around(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(32, 2)

        def forward(self, pooled: Tensor) -> Tensor:
            return nn.functional.linear(pooled, self.linear.weight, self.linear.bias)

    model = tiny_model("bert")
    model.classifier = Around()
    with pytest.raises(
        InputError, match=r"no gradient of the model's output reaches its head \(classifier.linear"
    ):
        probe_sites(model, find_sites(model, "lora"), *pair)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_one_huge_feature_hides_neither_the_rows_nor_a_leak(tiny_model, pair, dtype):
    """As real Llamas have: in 16 bits a bound by the largest number would hide all others."""
    model = tiny_model("llama")
    for block in model.base_model.layers:
        block.register_forward_pre_hook(_huge, with_kwargs=True)
    model.to(dtype)
    sites = find_sites(model, SPACE)
    assert probe_sites(model, sites, *pair) == sites


def _huge(
    _: nn.Module, args: tuple[Tensor, ...], kwargs: dict[str, Tensor]
) -> tuple[tuple[Tensor, ...], dict]:
    hidden = args[0].clone()
    hidden[..., 3] = 300.0
    return (hidden, *args[1:]), kwargs


def test_an_expert_that_no_row_reaches_is_named(tiny_model, pair):
    def nothing(linear: nn.Linear, hidden: Tensor) -> Tensor:
        linear(hidden.reshape(-1, 32)[:0])
        return torch.zeros_like(hidden)

    model, site = _with(tiny_model("bert"), nothing)
    with pytest.raises(InputError, match=r"\(0, 32\), holds none of the rows it was tried on"):
        probe_sites(model, (site,), *pair)


def test_what_several_sites_read_is_kept_once(tiny_model, pair, monkeypatch):
    copied = []
    clone = Tensor.clone
    monkeypatch.setattr(Tensor, "clone", lambda self: (copied.append(self.shape), clone(self))[1])
    model = tiny_model("bert")
    probe_sites(model, find_sites(model, "lora[q,k,v]"), *pair)
    blocks, shared, targets = 3, 1, 2 * 3  # a target is copied to be kept, and to be added to, in every pass
    assert len([shape for shape in copied if shape == (6, 9, 32)]) <= blocks * (shared + 3 + 5 * targets)
