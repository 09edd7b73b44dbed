"""What is told of a training that left the finite numbers, and what to do about it."""

from __future__ import annotations

__all__ = ["loss_diverged", "outputs_diverged"]


def loss_diverged(loss: float, *, step: int, total: int, learning_rate: float) -> str:
    """Why a candidate failed whose training loss is not finite; its rate, since there may be several.

    step: from 1, of ``total``.

    >>> loss_diverged(float("nan"), step=3, total=9, learning_rate=0.01)
    'the training loss became nan at step 3 of 9; lower the learning rate of 0.01'
    """
    return f"the training loss became {loss} at step {step} of {total}; {_lower(learning_rate)}"


def outputs_diverged(learning_rate: float) -> str:
    """Why a candidate failed whose outputs are not finite.

    >>> outputs_diverged(0.01)
    'its outputs after training are not finite; lower the learning rate of 0.01'
    """
    return f"its outputs after training are not finite; {_lower(learning_rate)}"


def _lower(learning_rate: float) -> str:
    return f"lower the learning rate of {learning_rate:g}"
