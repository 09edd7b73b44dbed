"""Weights that are drawn while a model is loaded, on the CPU and on a GPU that is stood in for."""

from __future__ import annotations

import pytest
import torch

from evaluators.base.drawn_alike import drawn_alike


class _Gpus:
    """Generators of GPUs by index, as ``torch.cuda`` has them; the current one is number 0."""

    def __init__(self) -> None:
        self.states = {0: torch.Generator().manual_seed(5), 1: torch.Generator().manual_seed(6)}
        self.current = 0

    def index(self, device: torch.device) -> int:
        return self.current if device.index is None else device.index

    def get_rng_state(self, device: torch.device) -> torch.Tensor:
        return self.states[self.index(device)].get_state()

    def set_rng_state(self, state: torch.Tensor, device: torch.device) -> None:
        self.states[self.index(device)].set_state(state)

    def manual_seed(self, seed: int) -> None:
        self.states[self.current].manual_seed(seed)

    def device(self, device: torch.device) -> _On:
        return _On(self, self.index(device))


class _On:
    def __init__(self, gpus: _Gpus, index: int) -> None:
        self.gpus, self.index, self.before = gpus, index, gpus.current

    def __enter__(self) -> None:
        self.gpus.current = self.index

    def __exit__(self, *_: object) -> None:
        self.gpus.current = self.before


@pytest.fixture
def gpus(monkeypatch) -> _Gpus:
    found = _Gpus()
    for name in ("get_rng_state", "set_rng_state", "manual_seed", "device"):
        monkeypatch.setattr(f"torch.cuda.{name}", getattr(found, name))
    return found


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize(("device", "index"), [("cuda", 0), ("cuda:0", 0), ("cuda:1", 1)])
def test_a_packed_models_head_is_drawn_alike_on_its_gpu_whose_generator_goes_on(gpus, bits, device, index):
    drawn = []
    before = {number: one.get_state() for number, one in gpus.states.items()}
    for _ in range(2):
        with drawn_alike(bits, device):
            drawn.append(torch.randn(3, generator=gpus.states[index]))
        assert {number: one.get_state().tolist() for number, one in gpus.states.items()} == {
            number: state.tolist() for number, state in before.items()
        }
        gpus.states[index].manual_seed(11)  # whatever else draws there meanwhile
        before[index] = gpus.states[index].get_state()
    assert torch.equal(*drawn)


@pytest.mark.parametrize(("bits", "device"), [(None, "cpu"), (None, "cuda:0"), (8, "cpu"), (4, "cuda:1")])
def test_the_cpus_generator_draws_alike_and_goes_on(gpus, bits, device):
    drawn = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        with drawn_alike(bits, torch.device(device)):
            drawn.append(torch.randn(3))
        assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(*drawn)
