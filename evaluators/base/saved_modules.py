"""Which modules a PEFT config has to name so that the whole head of a model trains beside the adapters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from peft import TaskType

__all__ = ["saved_modules"]

_CLASSIFIERS: Final = frozenset({"classifier", "score"})
_KNOWN: Final[Mapping[TaskType, frozenset[str]]] = MappingProxyType(
    {
        TaskType.SEQ_CLS: _CLASSIFIERS,
        TaskType.TOKEN_CLS: _CLASSIFIERS,
        TaskType.QUESTION_ANS: frozenset({"qa_outputs"}),
    }
)
"""What ``get_peft_model`` trains by itself, by task; source: the classes of peft/peft_model.py."""


def saved_modules(head: Iterable[str], task_type: TaskType | None) -> list[str] | None:
    """The ``modules_to_save`` of a config for that task; None where PEFT knows all of the head by itself.

    head: the full names of its modules. Named is the outermost part of each, and all in it trains. What PEFT
    knows is left out: ``get_peft_model`` appends it, and would wrap it twice.

    >>> saved_modules(["head.dense", "head.norm", "classifier"], TaskType.SEQ_CLS)
    ['head']
    """
    known = frozenset() if task_type is None else _KNOWN.get(task_type, frozenset())
    return sorted({name.partition(".")[0] for name in head} - known) or None
