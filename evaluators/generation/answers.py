"""What trained candidates answer to prompts, many candidates at once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
from torch import Tensor
from transformers import PreTrainedModel

from evaluators.training.candidate import Recipe, Trained
from evaluators.training.cohort import Cohort, restored
from evaluators.training.memory import is_out_of_memory, what_ran_out
from spaces.counted import counted
from spaces.errors import InputError
from spaces.objective import Around, Batch, Objective, directly
from spaces.site import Site

from .continued import continued
from .text_test import TextTest

__all__ = ["Answers", "answers_in", "answers_of", "model_answers"]

_log = logging.getLogger(__name__)

Answers = tuple[str, ...]
"""A text for each prompt, in their order."""


def answers_of(
    model: PreTrainedModel,
    sites: Sequence[Site],
    objective: Objective,
    trained: Sequence[Trained],
    recipe: Recipe,
    test: TextTest,
    *,
    on_rows: Callable[[int], None] = lambda _: None,
) -> list[Answers]:
    """What finished candidates answer, of each in order.

    Args:
        model: the base model that they were trained on.
        sites: among which theirs are.
        objective: that they were trained for.
        trained: side by side, all at once.
        recipe: whose scaling, renorm and batch size hold.
        test: the prompts, and how they are answered.
        on_rows: told how many answers are new.

    Raises InputError on one that is no adapter of this model, and where memory runs out.
    """
    with _what_to_lower(), restored(model, sites, objective, trained, recipe) as cohort:
        return answers_in(test, cohort, range(len(trained)), on_rows=on_rows)


@contextmanager
def _what_to_lower() -> Iterator[None]:
    """Raises InputError where memory runs out."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise InputError(
            f"memory ran out while text was generated ({what_ran_out(error)}); lower `beams`, "
            "`max_new_tokens` or `cohort_size`, or leave long prompts out by `generate_rows`; what was "
            "trained is kept."
        ) from None


def answers_in(
    test: TextTest,
    cohort: Cohort,
    slots: Sequence[int],
    around: Around = directly,
    *,
    on_rows: Callable[[int], None] = lambda _: None,
) -> list[Answers]:
    """What these slots of a cohort, whose wires are attached, answer.

    around: how the model is asked. Other arguments as of ``answers_of``.
    """
    cohort.stacked.select(tuple(slots))

    def ask(batch: Batch) -> Tensor:
        (said,) = around(
            lambda model, own: (continued(model, own, test.decoding, test.stops),), cohort.model, batch
        )
        return said

    size = cohort.recipe.eval_batch_size
    return _in_length_order(cohort.model, test, ask, copies=len(slots), size=size, on_rows=on_rows)


def model_answers(test: TextTest, model: PreTrainedModel, *, size: int) -> Answers:
    """What a model answers as it is. size: rows at once, a beam a row."""

    def ask(batch: Batch) -> Tensor:
        return continued(model, batch, test.decoding, test.stops)

    (answers,) = _in_length_order(model, test, ask, copies=1, size=size, on_rows=lambda _: None)
    return answers


def _in_length_order(
    model: PreTrainedModel,
    test: TextTest,
    ask: Callable[[Batch], Tensor],
    *,
    copies: int,
    size: int,
    on_rows: Callable[[int], None],
) -> list[Answers]:
    """The answers of each of ``copies``, asked for from the shortest prompt to the longest, so that little is
    padded. ask: gives (copies x prompts, tokens) of a batch that has the prompts once for each."""
    order = np.argsort([len(ids) for ids in test.prompts.input_ids], kind="stable")
    size = max(1, size // (copies * test.decoding.beams))
    answers, ended = [[""] * len(order) for _ in range(copies)], False
    for start in range(0, len(order), size):
        indices = order[start : start + size]
        batch = test.batch(indices, pad=model.config.pad_token_id, device=model.device).tiled(copies)
        said = ask(batch).cpu().numpy().reshape(copies, len(indices), -1)
        ended = ended or test.ended(said)
        for own, rows in zip(answers, said, strict=True):
            for index, tokens in zip(indices, rows, strict=True):
                own[index] = test.text(tokens)
        on_rows(copies * len(indices))
    if not ended:
        _tell_that_none_ended(test)
    return [tuple(own) for own in answers]


@lru_cache(maxsize=1)
def _tell_that_none_ended(test: TextTest) -> None:
    """Logs it once a test, however many models are asked."""
    _log.warning(
        "no answer of models that were asked at once ended at a stop: all have "
        f"{counted(test.decoding.max_new_tokens, 'token')}; raise `max_new_tokens`, or see whether what is "
        "learned has an end"
    )
