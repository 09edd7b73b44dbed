"""How well a language model foretells tokens, from sums over all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from spaces.direction import Direction
from spaces.errors import UsageError

__all__ = ["TOKEN_METRICS", "TokenMetric", "Tokens", "find_token_metric"]

_LARGEST: Final = 700.0  # whose exp is a finite number


class Tokens(NamedTuple):
    """Sums over the targets of some rows.

    loss: of their negative log-likelihoods, in nats. correct: how many are the token that the model held for
    the likeliest. targets: how many there are, at least 1.
    """

    loss: float
    correct: float
    targets: float


class TokenMetric(NamedTuple):
    """A function of sums over tokens, and the direction in which it is better. share: 0 to 1, of a whole."""

    of: Callable[[Tokens], float]
    direction: Direction
    share: bool


def loss(tokens: Tokens) -> float:
    """Nats a token; every token has the same weight, whichever row it is in.

    >>> loss(Tokens(loss=6.0, correct=1, targets=4))
    1.5
    """
    return tokens.loss / tokens.targets


def perplexity(tokens: Tokens) -> float:
    """exp of the loss: among how many equally likely tokens one would be as unsure; at most e^700."""
    return math.exp(min(loss(tokens), _LARGEST))


def token_accuracy(tokens: Tokens) -> float:
    """The share of the tokens that the model held for the likeliest, 0 to 1."""
    return tokens.correct / tokens.targets


TOKEN_METRICS: Final[Mapping[str, TokenMetric]] = MappingProxyType(
    {
        "loss": TokenMetric(loss, "minimize", share=False),
        "perplexity": TokenMetric(perplexity, "minimize", share=False),
        "token_accuracy": TokenMetric(token_accuracy, "maximize", share=True),
    }
)


def find_token_metric(name: str) -> TokenMetric:
    """The metric of that name; raises UsageError where there is none.

    >>> find_token_metric("perplexity").direction
    'minimize'
    """
    if name not in TOKEN_METRICS:
        raise UsageError(
            f"`metric={name}` is not for a language model; choose one of {', '.join(TOKEN_METRICS)}."
        )
    return TOKEN_METRICS[name]
