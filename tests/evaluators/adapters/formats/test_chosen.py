from __future__ import annotations

import json

from peft import LoraConfig

from evaluators.adapters.formats.chosen import chosen


def test_all_that_is_not_peft_s_default_and_json_can_say_it() -> None:
    given = chosen(LoraConfig(task_type="SEQ_CLS", r=4, target_modules=["h.10.q", "h.2.q"], lora_dropout=0.1))
    assert given == {
        "task_type": "SEQ_CLS",
        "r": 4,
        "target_modules": ["h.2.q", "h.10.q"],
        "lora_alpha": 8,
        "lora_dropout": 0.1,
    }
    assert json.loads(json.dumps(given)) == given


def test_rank_and_alpha_are_said_though_nobody_chose_them() -> None:
    assert chosen(LoraConfig()) == {"r": 8, "lora_alpha": 8}
