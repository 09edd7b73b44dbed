"""A layout is a row: its function, and what the model card says of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import LoraConfig

from evaluators.adapters.export import export_adapter
from evaluators.adapters.layouts.peft_adapter import PeftAdapter, Wired
from evaluators.adapters.layouts.registry import LAYOUTS, Layout, find_layout
from spaces.errors import UsageError

ADAPTER = PeftAdapter(
    LoraConfig(r=2, target_modules=["h.0.q"]),
    {"h.0.q": Wired(torch.ones(2, 3), torch.ones(4, 2), 1.0)},
    {},
    {"h.0.q": (4, 3), "h.1.q": (4, 3)},
)


@pytest.mark.parametrize(
    "find", [find_layout, lambda name: export_adapter(Path("nowhere"), Path("out"), name)]
)
@pytest.mark.parametrize("name", ["x", "a+b", ""])
def test_an_unknown_layout_is_refused_before_anything_is_read(
    find: Callable[[str], object], name: str
) -> None:
    with pytest.raises(UsageError) as refused:
        find(name)
    assert str(refused.value) == f"`layout={name!r}` is unknown; choose from {', '.join(LAYOUTS)}."


def test_a_layout_says_what_its_files_are() -> None:
    said = {name: one.note_of(one.laid_out(ADAPTER)) for name, one in LAYOUTS.items()}
    assert said == {
        "peft": "",
        "padded": "Padded with zeros to rank 2 at 2 linears, alpha = 2; the scale is in B.",
        "baked": "The scale is in B, and alpha is the rank at each of 1 linear.",
    }
    another = Layout(lambda adapter: adapter, "Of rank {r} at {linears}.")
    assert another.note_of(ADAPTER) == "Of rank 2 at 1 linear."
