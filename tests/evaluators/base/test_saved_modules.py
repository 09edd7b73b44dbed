from __future__ import annotations

import pytest
from peft import TaskType

from evaluators.base.saved_modules import saved_modules


@pytest.mark.parametrize(
    ("task", "head", "named"),
    [
        (TaskType.SEQ_CLS, ["classifier"], None),
        (TaskType.SEQ_CLS, ["score"], None),
        (TaskType.SEQ_CLS, ["classifier.dense", "classifier.out_proj"], None),
        (TaskType.SEQ_CLS, ["pooler.dense", "classifier"], ["pooler"]),
        (TaskType.SEQ_CLS, ["sequence_summary.summary", "logits_proj"], ["logits_proj", "sequence_summary"]),
        (TaskType.TOKEN_CLS, ["head.dense", "head.norm", "classifier"], ["head"]),
        (TaskType.QUESTION_ANS, ["qa_outputs"], None),
        (TaskType.QUESTION_ANS, ["head.dense", "head.norm", "classifier"], ["classifier", "head"]),
        (TaskType.CAUSAL_LM, [], None),
        (None, ["classifier"], ["classifier"]),
    ],
)
def test_what_peft_does_not_train_by_itself_is_named(
    task: TaskType | None, head: list[str], named: list[str] | None
) -> None:
    assert saved_modules(head, task) == named
