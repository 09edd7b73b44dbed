"""A tokenizer of made-up words."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from tests.evaluators.data.small_task import CLS, SEP, SPECIAL


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    """Splits at white space; the word ``w17`` is token 4 + 17; pairs as in BERT."""
    vocabulary = {word: i for i, word in enumerate([*SPECIAL, *(f"w{n}" for n in range(1000))])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )
