"""The test of the text that a job's models write, of its task and its settings."""

from __future__ import annotations

import logging
from typing import Final

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from evaluators.base.base_model import load_tokenizer
from evaluators.data.decoding import Decoding
from evaluators.data.prompts import Prompts
from evaluators.data.task import Task
from evaluators.generation.continued import check_room, stops_of
from evaluators.generation.text_test import TextTest
from spaces.errors import UsageError

from .inputs import Inputs
from .settings import GenerationSettings

__all__ = ["check_prompts", "text_test_of"]

_METRICS: Final = ("bleu", "rouge_l")
"""Where the task has no usual ones."""

_log = logging.getLogger(__name__)


def check_prompts(task: Task) -> Prompts:
    """Those of the rows to report on; raises UsageError where there are none to answer."""
    if task.objective.architecture != "causal_lm":
        raise UsageError(
            f"`generate` is of language models, and {task.name} has labels to tell, no text to write; leave "
            "`generate` out."
        )
    if task.prompts is None:
        raise UsageError(
            f"`generate` answers prompts, and the rows of {task.name} that are reported on have none; give "
            "rows with a prompt and a completion, or leave `generate` out."
        )
    if not len(task.prompts):
        raise UsageError(
            f"`generate` answers prompts, and no prompt of {task.name} to report on leaves room for an "
            "answer within `max_length`; raise it, give shorter prompts, or leave `generate` out."
        )
    return task.prompts


def text_test_of(inputs: Inputs, model: PreTrainedModel, asked: GenerationSettings) -> TextTest | None:
    """The test that is asked for; None where no text is.

    Raises UsageError where the task has no prompts, or the model no room for text after them; InputError
    where it cannot generate.
    """
    if not asked.generate:
        return None
    task = inputs.task
    prompts = check_prompts(task)
    tokenizer = load_tokenizer(inputs.source.path_or_name)
    if asked.generate_rows is not None:
        prompts = prompts.take(range(min(asked.generate_rows, len(prompts))))
    metrics = asked.text_metrics or task.text_metrics or _METRICS
    decoding, stops = _decoding(task.decoding, asked), _stops(model, tokenizer, prompts)
    test = TextTest(prompts, decoding, tuple(dict.fromkeys(metrics)), stops, tokenizer)
    check_room(model, test.longest, decoding)
    return test


def _stops(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: Prompts) -> tuple[int, ...]:
    """Tokens at which an answer ends: the ends of a text, and of a turn where a chat template writes it."""
    if prompts.ends == ():
        _log.warning(
            "the chat template closes an answer with no special token, so that an answer may run on into "
            "turns of its own making; add one to its chat_template, or read the metrics of text with care"
        )
    every = (*stops_of(model, tokenizer.eos_token_id), *(prompts.ends or ()))
    return tuple(dict.fromkeys(every))


def _decoding(usual: Decoding, asked: GenerationSettings) -> Decoding:
    """The task's own, where nothing else is asked for."""
    penalty, ngram = asked.length_penalty, asked.no_repeat_ngram
    return Decoding(
        beams=asked.beams or usual.beams,
        length_penalty=usual.length_penalty if penalty is None else penalty,
        no_repeat_ngram=usual.no_repeat_ngram if ngram is None else ngram,
        max_new_tokens=asked.max_new_tokens or usual.max_new_tokens,
    )
