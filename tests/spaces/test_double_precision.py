"""Float64 on devices that have none: Apple's."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

import pytest
import torch

from spaces.double_precision import in_double
from tests.test_layers import ALLOWED, ROOT, sources

ON_THE_CPU: Final = {
    "spaces/double_precision.py": "asks which device it is",
    "evaluators/training/adamw.py": "counts steps on the CPU",
    "evaluators/objectives/causal_lm.py": "scores outputs, which are on the CPU",
    "evaluators/objectives/multiple_choice.py": "scores outputs, which are on the CPU",
    "evaluators/adapters/layouts/baked.py": "writes tensors, which are on the CPU",
    "evaluators/adapters/loaded_peft.py": "compares what was written, on the CPU",
    "evaluators/adapters/peft_files.py": "writes tensors, which are on the CPU",
}


def made_double(code: str) -> Iterator[str]:
    """Where code has tensors of float64; NumPy's are its own business."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "double":
            yield ast.unparse(node.func)
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in {"torch.float64", "torch.double"}:
            yield ast.unparse(node)


@pytest.mark.parametrize("package", ALLOWED)
def test_a_tensor_that_may_be_on_another_device_is_made_double_in_one_place(package: str) -> None:
    found = {
        path.relative_to(ROOT).as_posix(): called
        for path in sources(ROOT / package)
        if (called := list(made_double(path.read_text(encoding="utf-8"))))
    }
    assert {path: called for path, called in found.items() if path not in ON_THE_CPU} == {}
    assert {path for path in ON_THE_CPU if path.startswith(f"{package}/")} <= found.keys()


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("counts.double().sum()", ["counts.double"]),
        ("losses.double().cpu()", ["losses.double"]),
        ("torch.zeros(2, dtype=torch.float64)", ["torch.float64"]),
        ("x.to(torch.double)", ["torch.double"]),
        ("np.zeros(2, dtype=np.float64)", []),
        ("in_double(counts).sum()", []),
    ],
)
def test_the_walk_sees_every_way_to_float64(code: str, found: list[str]) -> None:
    assert list(made_double(code)) == found


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_a_tensor_is_double_where_it_is(dtype: torch.dtype) -> None:
    tensor = torch.tensor([0.1, 3.0], dtype=dtype)
    assert torch.equal(in_double(tensor), tensor.double())
    assert in_double(tensor.to("meta")).device.type == "meta"


class Apples(torch.Tensor):
    """On a device like MPS: only what is on the CPU may be double."""

    @property
    def device(self) -> torch.device:
        return torch.device("mps")

    def cpu(self) -> torch.Tensor:
        return self.as_subclass(torch.Tensor)

    def double(self) -> torch.Tensor:
        raise TypeError("Cannot convert a MPS Tensor to float64 dtype")


def test_on_apples_device_it_goes_to_the_cpu_first() -> None:
    given = torch.tensor([0.1, 3.0])
    assert torch.equal(in_double(given.as_subclass(Apples)), given.double())
