"""How runs were trained, in one sentence."""

from __future__ import annotations

import pytest

from search.run.training_record import TrainingRecord

ALL = {
    "epochs": 3.0,
    "batch_size": 16,
    "learning_rate": 5e-4,
    "weight_decay": 0.01,
    "warmup": 0.06,
    "max_grad_norm": 1.0,
    "scaling": "alpha/r",
    "lora_alpha": 16.0,
    "shortcut_alpha": 4.0,
    "reference_rank": 8,
    "renorm": "preserve",
    "head_params": 147_840,
}


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            {},
            "trained: 3 epochs of 16 rows a step, learning rate 0.0005, alpha/r with alpha 16 (shortcuts 4), "
            "renorm preserve; each also trains a head of 147,840 parameters, outside of the budget",
        ),
        (
            {"shortcut_alpha": None, "renorm": None, "head_params": 0},
            "trained: 3 epochs of 16 rows a step, learning rate 0.0005, alpha/r with alpha 16",
        ),
        (
            {"scaling": "constant", "shortcut_alpha": None, "renorm": None, "head_params": 0},
            "trained: 3 epochs of 16 rows a step, learning rate 0.0005, constant (alpha/8) with alpha 16",
        ),
        (
            {"learning_rate": None, "scaling": None, "head_params": 0},
            "trained: 3 epochs of 16 rows a step, alpha 16 (shortcuts 4), constant is alpha/8, "
            "renorm preserve",
        ),
        (
            {"lora_alpha": None, "head_params": 0},
            "trained: 3 epochs of 16 rows a step, learning rate 0.0005, alpha/r with alpha 4, "
            "renorm preserve",
        ),
    ],
)
def test_the_sentence_says_what_there_was_to_choose(other, said):
    assert TrainingRecord(**{**ALL, **other}).text == said
