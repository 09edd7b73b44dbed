"""Folders of two tiny models."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import (
    BertConfig,
    BertModel,
    LlamaConfig,
    LlamaModel,
)

from tests.evaluators.base.saved_model import SIZES, save


@pytest.fixture
def bert(tmp_path: Path) -> Path:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return save(BertModel(BertConfig(**SIZES)), tmp_path / "bert")


@pytest.fixture
def llama(tmp_path: Path) -> Path:
    config = LlamaConfig(**SIZES, num_key_value_heads=1, head_dim=4, pad_token_id=None)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return save(LlamaModel(config), tmp_path / "llama")
