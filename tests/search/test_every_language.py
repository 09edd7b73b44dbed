"""The small languages inside options: whatever stands there is read, or is one UsageError."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.data.named_tasks import find_task
from evaluators.metrics.registry import check_metric
from proxies.registry import find_proxy
from search.allocation.registry import find_allocator
from search.compare.presets.registry import find_preset
from search.job.machine import resolve_devices
from search.methods.registry import METHODS, find_method, policy_of
from search.sampling.samplers import find_sampler
from spaces.budget import parse_budget
from spaces.errors import UsageError
from spaces.grammar import parse_space
from spaces.search_space import parse_ranks

LANGUAGES: dict[str, Callable[[str], Any]] = {
    "--space": parse_space,
    "--budget": parse_budget,
    "--ranks": parse_ranks,
    "--proxy": find_proxy,
    "--allocator": find_allocator,
    "--sampler": find_sampler,
    "--methods": find_method,
    "--metric": check_metric,
    "--task": find_task,
    "--preset": find_preset,
    "--device": lambda name: resolve_devices(name, None),
}
MANY = "9" * 5000
NASTY = [
    *("", " ", "\0", "\ud800", "\x1b[31m", ":", "+", "[", "]", "[]", ",", "@", "/", "=", "-1", "nan", "inf"),
    *(
        "1e308",
        "1e400",
        "1e308M",
        "1e300%",
        "1e-400",
        MANY,
        f"r={MANY}",
        f"r={10**20}",
        f"0,{MANY}",
        f"cuda:{MANY}",
    ),
    *(
        "cross[cut;span=1..99999999999]",
        f"cross[cut;span={MANY}]",
        "cross[cut;span=1..1001]",
        "cross[cut;span=0]",
    ),
    *("root:" * 2000 + "snr", "root:" * 5 + "snr", "ensemble:" + "+".join(["snr"] * 5000), "ensemble:" * 999),
    *(
        "ensemble:root:" * 999 + "snr",
        "lora+" * 5000,
        "lora[" + "q," * 5000 + "]",
        "sora[ratio=" + MANY + "]x",
    ),
]


@pytest.mark.parametrize("flag", LANGUAGES)
@pytest.mark.parametrize("value", NASTY, ids=lambda value: ascii(value)[:24])
def test_what_means_nothing_is_one_error(flag, value):
    with pytest.raises(UsageError):
        LANGUAGES[flag](value)


@pytest.mark.parametrize("flag", LANGUAGES)
@given(value=st.text() | st.from_regex(r"[a-z0-9_\[\],;:=+.@%-]{0,40}"))
def test_any_text_is_read_or_is_one_error(flag, value):
    with suppress(UsageError):
        LANGUAGES[flag](value)


_VALUES = [
    "1e308",
    "-1e308",
    "1e400",
    str(10**20),
    str(10**400),
    MANY,
    "nan",
    "-inf",
    "1e7",
    "",
    "\0",
    "none]",
]


@pytest.mark.parametrize("method", METHODS)
def test_a_method_s_settings_have_their_limits_too(method, tiny_model):
    """Also where a setting is a word, or has no value: none of these means anything."""
    model = tiny_model("bert")
    plain = policy_of(method, 1000, model)
    for name in (
        one for one in type(plain).__dataclass_fields__ if one not in ("max_params", "model_shapes")
    ):
        for value in _VALUES:
            with pytest.raises(UsageError):
                policy_of(f"{method}[{name}={value}]", 1000, model)
