"""How a language model goes on after prompts, token by token, by transformers' own ``generate``."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import (
    GenerationConfig,
    GenerationMixin,
    LogitsProcessor,
    LogitsProcessorList,
    NoRepeatNGramLogitsProcessor,
    PreTrainedModel,
)

from evaluators.data.decoding import Decoding
from evaluators.data.stated_positions import stated_positions
from spaces.counted import counted
from spaces.errors import InputError, UsageError
from spaces.objective import Batch

__all__ = ["check_room", "continued", "stops_of"]


def stops_of(model: PreTrainedModel, end: int | None) -> tuple[int, ...]:
    """The tokens at which a text ends: those that the model's makers name, and the tokenizer's end of text.

    end: the tokenizer's. Raises InputError where there is none.
    """
    config = model.generation_config
    named = [] if config is None or config.eos_token_id is None else config.eos_token_id
    own = model.config.get_text_config().eos_token_id
    every = [*_several(named), *_several([] if own is None else own), *([] if end is None else [end])]
    if not every:
        raise InputError("neither the model nor its tokenizer has an end-of-text token; no text would end.")
    return tuple(dict.fromkeys(every))


def check_room(model: PreTrainedModel, longest: int, decoding: Decoding) -> None:
    """Raises InputError where transformers generates nothing with such a model, UsageError where a prompt of
    ``longest`` tokens leaves no room for the text after it."""
    if not isinstance(model, GenerationMixin):
        raise InputError(
            f"transformers generates no text with a {type(model).__name__}; leave `generate` out."
        )
    room = stated_positions(model)
    if room is not None and longest + decoding.max_new_tokens > room:
        raise UsageError(
            f"`max_new_tokens={decoding.max_new_tokens}` after a prompt of {longest} is more than the "
            f"{counted(room, 'token')} that the model can read; lower it, or leave long prompts out."
        )


@torch.no_grad()
def continued(
    model: PreTrainedModel,
    batch: Batch,
    decoding: Decoding,
    stops: Sequence[int],
    *,
    use_cache: bool = True,
) -> Tensor:
    """What a model says after each prompt, (rows, max_new_tokens) int64, filled up with the padding token.

    Beams stand beside their row, so that whoever gives consecutive rows to each slot finds the slot's rows
    among its own; nothing is sampled. What a checkpoint's makers recommend besides tokens to stop at, such as
    a temperature, does not count.

    Args:
        model: in eval mode, with whatever is attached to it.
        batch: prompts, padded on the left; their labels do not count.
        decoding: greedily, or by beams.
        stops: as of ``stops_of``; the text ends with one of them, which is among what is given.
        use_cache: whether keys and values are kept, which changes nothing but the time.
    """
    pad = model.config.pad_token_id
    beams: dict[str, object] = {}
    if decoding.beams > 1:
        beams = {"num_beams": decoding.beams, "length_penalty": decoding.length_penalty}
    asked = GenerationConfig(
        do_sample=False,
        max_new_tokens=decoding.max_new_tokens,
        eos_token_id=list(stops),
        pad_token_id=pad,
        use_cache=use_cache,
        **beams,
    )
    twin: Any = copy.copy(model)  # the same modules, hooks and tensors, without settings of its own
    twin.generation_config = GenerationConfig()
    ids, mask = batch.inputs["input_ids"], batch.inputs["attention_mask"]
    bans = _bans(decoding, ids.shape[1])
    tokens = twin.generate(input_ids=ids, generation_config=asked, attention_mask=mask, logits_processor=bans)
    said: Tensor = tokens[:, ids.shape[1] :]
    return torch.nn.functional.pad(said, (0, decoding.max_new_tokens - said.shape[1]), value=pad)


class _OnAnswers(LogitsProcessor):
    """transformers' ban of n-grams, of those alone that stand behind a prompt: a right answer copies some of
    the prompt's."""

    def __init__(self, ngram: int, width: int) -> None:
        """width: tokens of a prompt, padding among them."""
        self._ban, self._width = NoRepeatNGramLogitsProcessor(ngram), width

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        banned: torch.FloatTensor = self._ban(input_ids[:, self._width :], scores)
        return banned


def _bans(decoding: Decoding, width: int) -> LogitsProcessorList:
    ngram = decoding.no_repeat_ngram
    return LogitsProcessorList([_OnAnswers(ngram, width)] if ngram else [])


def _several(tokens: int | Sequence[int]) -> Sequence[int]:
    return [tokens] if isinstance(tokens, int) else tokens
