"""The scaling rule where nobody names one."""

from __future__ import annotations

from typing import Final

from spaces.scaling import Rule

__all__ = ["AT_FEW_RANKS", "USUAL_RULE", "usual_rule"]

USUAL_RULE: Final[Rule] = "alpha/r"
"""What everybody uses."""
AT_FEW_RANKS: Final[Rule] = "constant"
"""Where a budget is less than one rank at every site: shown to have the lower loss for even allocations, and
to be worse for none that was asked about (``results/rules``)."""


def usual_rule(max_params: int, params_per_rank: int) -> Rule:
    """The rule for a budget in parameters, of a space in which one rank at every site costs so many.

    >>> usual_rule(49_920, 49_920), usual_rule(24_960, 49_920)
    ('alpha/r', 'constant')
    """
    return USUAL_RULE if max_params >= params_per_rank else AT_FEW_RANKS
