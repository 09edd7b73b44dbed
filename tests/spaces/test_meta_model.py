from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from spaces import InputError, UsageError
from spaces.meta_model import base_params, meta_model
from tests.conftest import VOCABULARY

BERT = {
    "model_type": "bert",
    "hidden_size": 16,
    "num_attention_heads": 2,
    "num_hidden_layers": 1,
    "vocab_size": 10,
}


def folder_with(path: Path, **config: Any) -> str:
    (path / "config.json").write_text(json.dumps(config))
    return str(path)


def test_a_config_alone_gives_a_classifier_without_weights(tmp_path: Path) -> None:
    model = meta_model(folder_with(tmp_path, **BERT))
    assert type(model).__name__ == "BertForSequenceClassification"
    assert {parameter.device.type for parameter in model.parameters()} == {"meta"}


def test_a_type_without_a_classifier_gives_its_body(tmp_path: Path) -> None:
    model = meta_model(
        folder_with(tmp_path, model_type="mamba", hidden_size=16, num_hidden_layers=1, vocab_size=10)
    )
    assert type(model).__name__ == "MambaModel"
    assert base_params(model) == model.num_parameters()


LLAMA = {
    "model_type": "llama",
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_attention_heads": 2,
    "num_hidden_layers": 1,
    "vocab_size": 10,
}


@pytest.mark.parametrize("tied", [True, False])
def test_a_folder_of_a_language_model_gives_it_with_its_embeddings_counted_once(
    tmp_path: Path, tied: bool
) -> None:
    own = {**LLAMA, "architectures": ["LlamaForCausalLM"], "tie_word_embeddings": tied}
    model = meta_model(folder_with(tmp_path, **own))
    assert type(model).__name__ == "LlamaForCausalLM"
    body = base_params(meta_model(str(tmp_path), "sequence_classification"))
    assert base_params(model) == body + (0 if tied else 10 * 16) == model.num_parameters()


def test_an_architecture_that_is_asked_for_is_built_whatever_the_folder_holds(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, **LLAMA, architectures=["LlamaForSequenceClassification"])
    assert type(meta_model(folder)).__name__ == "LlamaForSequenceClassification"
    assert type(meta_model(folder, "causal_lm")).__name__ == "LlamaForCausalLM"


@pytest.mark.parametrize("tied", [True, False])
def test_base_params_of_a_language_model_in_memory_are_all_of_it(
    tiny_language_model: Any, tied: bool
) -> None:
    for family in ("llama", "gpt2", "bloom"):
        model = tiny_language_model(family, tie_word_embeddings=tied)
        assert base_params(model) == sum(one.numel() for one in model.parameters())
        assert base_params(model) - base_params(model.base_model) == (0 if tied else VOCABULARY * 32)


def test_base_params_leave_out_the_head(tiny_model: Any) -> None:
    model = tiny_model("bert")
    assert model.num_parameters() - base_params(model) == 32 * 2 + 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "config.json of .* cannot be loaded .*not a valid JSON"),
        ("[]", "config.json of .* cannot be loaded"),
        ("{}", "config.json of .* cannot be loaded"),
        ('{"model_type": "zork"}', "config.json of .* cannot be loaded .*zork"),
        (
            '{"model_type": "bert", "hidden_size": "wide"}',
            "config.json of .* cannot be loaded .*hidden_size",
        ),
        ('{"model_type": "bert", "hidden_size": 30, "num_attention_heads": 4}', "no model of type 'bert'"),
        ('{"model_type": "bert", "hidden_size": -32, "num_attention_heads": 4}', "no model of type 'bert'"),
        ('{"model_type": "bert", "num_attention_heads": 0}', "no model of type 'bert' can be built"),
        (
            '{"auto_map": {"AutoConfig": "own.Config"}, "model_type": "own"}',
            "config.json of .* cannot be loaded",
        ),
    ],
)
def test_a_config_that_cannot_be_used_is_one_line(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        meta_model(str(tmp_path))
    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, UsageError)


def test_a_folder_without_config_says_which_folder_to_give(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no config\.json; give a folder that save_pretrained wrote"):
        meta_model(str(tmp_path))


NUMBERS = [
    "0",
    "-1",
    "1e400",
    "1" + "0" * 400,
    "9" * 5000,
    "null",
    "[]",
    "{}",
    '"x"',
    "NaN",
    "1.5",
    "99999999999",
]


@pytest.mark.parametrize("model_type", ["bert", "gpt2", "llama", "gemma3_text"])
@pytest.mark.parametrize(
    "size",
    [
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "vocab_size",
        "num_labels",
        "intermediate_size",
    ],
)
@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_a_config_with_any_size_gives_shapes_or_one_line(tmp_path: Path, model_type: str, size: str) -> None:
    fields = {**BERT, "model_type": model_type, "intermediate_size": 24}
    for value in NUMBERS:
        text = json.dumps({**fields, size: "@"}).replace('"@"', value)
        (tmp_path / "config.json").write_text(text)
        said = ""
        try:
            assert base_params(meta_model(str(tmp_path))) > 0
        except InputError as error:
            said = str(error)
        assert "\n" not in said
        assert len(said) < 700


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "1",
        '"bert"',
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"model_type": null}',
        '{"model_type": []}',
        '{"model_type": {}}',
        '{"model_type": 1e400}',
        '{"model_type": "bert", "id2label": [1]}',
        '{"model_type": "bert", "auto_map": 5}',
        '{"model_type": "bert", "torch_dtype": "nope"}',
        '{"model_type": "bert", "num_hidden_layers": 99999999999}',
        '{"model_type": "gemma3_text", "num_hidden_layers": 99999999999}',
        '{"model_type": "gemma3", "text_config": {"num_hidden_layers": 99999999999}}',
        '{"model_type": "mixtral", "num_local_experts": 99999999999}',
        '{"model_type": "bert", "num_labels": 99999999999}',
        '{"model_type": "bert", "hidden_size": 0, "num_attention_heads": 1}',
        '{"model_type": "bert", "vocab_size": 0}',
    ],
)
@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_a_config_of_another_shape_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InputError) as caught:
        meta_model(str(tmp_path))
    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, UsageError)
