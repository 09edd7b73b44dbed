"""How good texts are that a model wrote, by sacrebleu, rouge-score and NLTK."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from spaces.counted import counted
from spaces.direction import Direction
from spaces.errors import InputError, UsageError
from spaces.unknown_name import row_named

from .words import ScriptWords

__all__ = ["TEXT_METRICS", "TextMetric", "TextScorer", "find_text_metric", "score_texts"]

_NGRAM: Final = 5  # NIST's longest
_NUMBER: Final = re.compile(r"####\s*([-+]?[$]?[\d,]*\.?\d+)")

TextScorer = Callable[[Sequence[str], Sequence[Sequence[str]]], float]
"""Takes a text of each prompt, and the prompt's references, of which there are one or more."""


class TextMetric(NamedTuple):
    """A function of texts and their references, and the direction in which it is better."""

    of: TextScorer
    direction: Direction


def bleu(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Corpus BLEU, 0 to 100: sacrebleu's default (13a tokens, case matters, exponential smoothing).

    All references of a prompt count (Papineni et al., 2002), however many they are.
    """
    from sacrebleu.metrics.bleu import BLEU

    return _of_corpus(BLEU(force=True), predictions, references)


def chrf(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Corpus chrF2, 0 to 100: F of character n-grams up to 6, recall twice as heavy (Popović, 2015)."""
    from sacrebleu.metrics.chrf import CHRF

    return _of_corpus(CHRF(), predictions, references)


def ter(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Translation edit rate: edits that it takes to a prompt's nearest reference, out of 100 words of all its
    references on average; less is better, and above 100 is possible (Snover et al., 2006)."""
    from sacrebleu.metrics.ter import TER

    return _of_corpus(TER(), predictions, references)


def rouge_l(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Mean F1 of the longest common subsequence with the reference that gives most, 0 to 100, by rouge-score
    without stemming (Lin, 2004). The E2E challenge's program weighs recall more: its numbers are higher.
    Words have the letters of any script, and are characters in scripts without blanks between words, such as
    Chinese; rouge-score's own tokenizer knows a to z and digits alone, and gives ASCII texts the same number.
    """
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"], tokenizer=ScriptWords())
    each = [
        scorer.score_multi(own, said)["rougeL"].fmeasure
        for said, own in zip(predictions, references, strict=True)
    ]
    return 100 * float(sum(each)) / len(each)


def nist(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Corpus NIST of n-grams up to 5, from 0 up, by NLTK (Doddington, 2002).

    Texts are in lower case and in tokens of mteval-v13a, as sacrebleu makes them. NLTK takes the length of
    the reference that fits best, where mteval takes the mean.
    """
    from nltk.translate.nist_score import corpus_nist
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

    tokens: Callable[[str], str] = Tokenizer13a()  # type: ignore[no-untyped-call]
    said = [tokens(text.lower()).split() for text in predictions]
    known = [[tokens(text.lower()).split() for text in own] for own in references]
    longest = min(_NGRAM, max(map(len, said)))  # NLTK divides by the number of n-grams, which may be none
    return float(corpus_nist(known, said, n=longest)) if longest else 0.0


def exact_match(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Out of 100 texts, how many are one of their references, blanks apart.

    >>> exact_match(["a  b ", "c"], [["a b", "b"], ["d"]])
    50.0
    """
    right = [
        " ".join(said.split()) in {" ".join(one.split()) for one in own}
        for said, own in zip(predictions, references, strict=True)
    ]
    return 100 * sum(right) / len(right)


def final_number(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Out of 100 texts, how many answer with a reference's number: the first behind ``####``, as GSM8K's own
    program takes it (Cobbe et al., 2021), for a model may go on with a question that nobody asked. A text
    or a reference without one is never right.

    >>> final_number(["so #### 1,200 and #### 3", "so 12"], [["#### 1200"], ["#### 12"]])
    50.0
    """
    right = [
        (number := _number(said)) is not None and number in map(_number, own)
        for said, own in zip(predictions, references, strict=True)
    ]
    return 100 * sum(right) / len(right)


TEXT_METRICS: Final[Mapping[str, TextMetric]] = MappingProxyType(
    {
        "bleu": TextMetric(bleu, "maximize"),
        "chrf": TextMetric(chrf, "maximize"),
        "ter": TextMetric(ter, "minimize"),
        "rouge_l": TextMetric(rouge_l, "maximize"),
        "nist": TextMetric(nist, "maximize"),
        "exact_match": TextMetric(exact_match, "maximize"),
        "final_number": TextMetric(final_number, "maximize"),
    }
)
_ABSENT: Final[Mapping[str, str]] = {
    "meteor": "needs WordNet, a download of its own, and differs between implementations",
    "cider": "has no implementation that is kept up and does without Java",
}


def find_text_metric(name: str) -> TextMetric:
    """The metric of that name; raises UsageError where there is none, and says why not of those that papers
    have.

    >>> find_text_metric("ter").direction
    'minimize'
    """
    if reason := _ABSENT.get(name.lower()):
        raise UsageError(
            f"`text_metrics={name}` {reason}; choose of {', '.join(TEXT_METRICS)}, or give the texts that "
            "are written to another program."
        )
    return row_named("text_metrics", name, TEXT_METRICS)


def score_texts(
    metrics: Sequence[str], predictions: Sequence[str], references: Sequence[Sequence[str]]
) -> dict[str, float]:
    """What texts are worth by each of these metrics.

    Raises InputError where there are not as many texts as prompts with references, or none, and where a
    prompt has no reference with a word in it.

    >>> score_texts(["exact_match"], ["a"], [["a", "b"]])
    {'exact_match': 100.0}
    """
    if len(predictions) != len(references) or not predictions:
        raise InputError(
            f"there are {counted(len(predictions), 'text')} for {counted(len(references), 'prompt')} with "
            "references; give one for each, and at least one."
        )
    if empty := sum(not any(text.strip() for text in own) for own in references):
        raise InputError(
            f"{empty} of {counted(len(references), 'prompt')} have no reference with a word in it; leave "
            "them out."
        )
    known = [[text for text in own if text.strip()] for own in references]
    return {name: find_text_metric(name).of(predictions, known) for name in metrics}


def _of_corpus(metric: Any, predictions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """One of sacrebleu's, which takes the first reference of every prompt, then the second, and so on; None
    where a prompt has none left."""
    most = max(map(len, references))
    streams = [[own[i] if i < len(own) else None for own in references] for i in range(most)]
    return float(metric.corpus_score(list(predictions), streams).score)


def _number(text: str) -> float | None:
    found = _NUMBER.search(text)
    return float(found[1].replace(",", "").replace("$", "")) if found else None
