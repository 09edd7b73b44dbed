"""Every format: what is written reads back as an equal config."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from peft import LoraConfig

from evaluators.adapters.formats.registry import FORMATS, commented, find_format
from spaces.errors import InputError, UsageError

MODULES = [f"model.layers.{layer}.self_attn.{role}" for layer in range(12) for role in ("q_proj", "v_proj")]


def config(**more: Any) -> LoraConfig:
    pattern = {f"^{module.replace('.', chr(92) + '.')}": 1 + at % 3 for at, module in enumerate(MODULES)}
    alphas = {key: rank * 2.5 for key, rank in pattern.items()}
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=4,
        lora_alpha=11,
        target_modules=MODULES,
        rank_pattern=pattern,
        alpha_pattern=alphas,
        fan_in_fan_out=True,
        **more,
    )


def of_axolotl(text: str) -> LoraConfig:
    """As axolotl's loader builds it; the task it knows from the model."""
    read = yaml.safe_load(text)
    assert read.pop("adapter") == "lora"
    of_peft = {"lora_alpha", "lora_dropout"}
    return LoraConfig(
        task_type="CAUSAL_LM",
        **{key if key in of_peft else key.removeprefix("lora_"): value for key, value in read.items()},
    )


def of_python(text: str) -> LoraConfig:
    names: dict[str, Any] = {}
    exec(text, names)
    found = names["config"]
    assert isinstance(found, LoraConfig)
    return found


READERS = {
    "python": of_python,
    "json": lambda text: LoraConfig(**json.loads(text)),
    "axolotl": of_axolotl,
}


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_written_reads_back_equal(name: str) -> None:
    given = config()
    assert READERS[name](FORMATS[name](given)).to_dict() == given.to_dict()


@pytest.mark.parametrize("name", FORMATS)
def test_modules_come_in_the_order_of_the_network(name: str) -> None:
    lines = FORMATS[name](config())
    found = [lines.index(f"layers.{layer}.self_attn.q_proj") for layer in range(12)]
    assert found == sorted(found)


@pytest.mark.parametrize("name", FORMATS)
def test_peft_s_defaults_are_left_out(name: str) -> None:
    text = FORMATS[name](LoraConfig(target_modules=["q"]))
    assert "use_dora" not in text
    assert "rank_pattern" not in text


@pytest.mark.parametrize("name", ["toml", "a+b", ""])
def test_an_unknown_format_is_refused_with_those_that_there_are(name: str) -> None:
    for find in (find_format, lambda name: commented(config(), "a remark", format=name)):
        with pytest.raises(UsageError) as refused:
            find(name)
        assert str(refused.value) == f"`format={name!r}` is unknown; choose from {', '.join(FORMATS)}."


def test_axolotl_is_not_told_what_it_has_no_key_for() -> None:
    with pytest.raises(InputError, match="axolotl has no key for \\['use_dora'\\]"):
        FORMATS["axolotl"](config(use_dora=True))
