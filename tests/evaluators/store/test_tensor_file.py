"""Tensors come back under their names; what is not what was written is refused."""

from __future__ import annotations

import pytest
import torch

from evaluators.store.sealed_json import DamagedFileError
from evaluators.store.tensor_file import read_tensor_file, write_tensor_file


def test_tensors_come_back_bit_for_bit(tmp_path):
    tensors = {"a": torch.tensor([1.0, -0.0, 1e-40]), "b": torch.zeros(0, 2)}
    digest = write_tensor_file(tmp_path / "t.safetensors", tensors)
    torch.testing.assert_close(read_tensor_file(tmp_path / "t.safetensors", digest), tensors, rtol=0, atol=0)
    assert [path.name for path in tmp_path.iterdir()] == ["t.safetensors"]


def test_a_file_of_other_tensors_is_refused(tmp_path):
    first = write_tensor_file(tmp_path / "t.safetensors", {"a": torch.ones(1)})
    write_tensor_file(tmp_path / "t.safetensors", {"a": torch.zeros(1)})
    with pytest.raises(DamagedFileError, match="is damaged: its checksum differs"):
        read_tensor_file(tmp_path / "t.safetensors", first)
