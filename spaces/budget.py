"""How many parameters may be trained: reading a budget and saying what it means for some sites."""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .counted import counted
from .errors import UsageError
from .is_whole import is_whole
from .printable import printable
from .search_space import params_per_rank
from .site import Site

__all__ = ["Budget", "parse_budget", "written_budget"]

_SUFFIX = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "%": 0.01}
_NUMBER = (
    r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]+)?)\s*([kmb%]?)"  # 2,300,000 but not 2,3
)
_MOST = 1e15  # parameters, a thousand times the largest model's
_FORMS = "write 2.3M, 500k, 1.2e6, 0.5% (of the base model's parameters) or r=8 (every site at rank 8)"


@dataclass(frozen=True, slots=True)
class Budget:
    """A budget as typed. value: parameters, a share of the base model (0 to 1), or a rank.

    >>> parse_budget("2.3M"), parse_budget("r=8")
    (Budget(value=2300000.0, unit='params'), Budget(value=8.0, unit='rank'))
    """

    value: float
    unit: Literal["params", "share", "rank"]

    def max_params(self, sites: Sequence[Site], *, base_params: int, argument: str = "budget") -> int:
        """Parameters that the wires at ``sites`` may have together.

        argument: what whoever chose it calls it.

        Raises UsageError where that is below the cheapest site at rank 1, or above what every site
        at full rank would use.
        """
        scale = {"params": 1, "share": base_params, "rank": params_per_rank(sites)}[self.unit]
        params = math.floor(self.value * scale + 1e-6)
        cheapest = min(site.cost_per_rank for site in sites)
        whole = sum(site.cost_per_rank * site.max_rank for site in sites)
        if not cheapest <= params <= whole:
            raise UsageError(
                f"a budget of {counted(params, 'parameter')} does not fit this space of "
                f"{counted(len(sites), 'site')}: it must "
                f"lie between {cheapest:,} (the cheapest site at rank 1) and {whole:,} (every site at "
                f"full rank). Change `{argument}`, or `space`."
            )
        return params


def written_budget(given: str | int, *, argument: str = "budget") -> str:
    """A budget as it is typed: text as it stands, a number of parameters in digits.

    >>> written_budget("0.5%"), written_budget(500_000)
    ('0.5%', '500000')

    argument: what whoever chose it calls it. Raises UsageError on anything else, floating point numbers too:
    parameters are whole.
    """
    if isinstance(given, str):
        return given
    if is_whole(given):
        return str(int(given))
    shown = printable(reprlib.repr(given))
    raise UsageError(
        f"`{argument}={shown}` is not a positive number of parameters, as a whole number or a text; {_FORMS}."
    )


def parse_budget(text: str | int, *, argument: str = "budget") -> Budget:
    """The budget that ``2.3M``, ``500k``, ``1.2e6``, ``0.5%`` or ``r=8`` stands for (DESIGN, section 2).

    >>> parse_budget("2.3M")
    Budget(value=2300000.0, unit='params')
    >>> parse_budget("0.5%"), parse_budget("r=8")
    (Budget(value=0.005, unit='share'), Budget(value=8.0, unit='rank'))

    A whole number is of parameters; ``r=0.5`` is half of what rank 1 at every site costs. argument: what
    whoever chose it calls it. Raises UsageError on anything else.
    """
    text = written_budget(text, argument=argument)
    rank = re.fullmatch(r"r\s*=\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)", text.strip())
    if rank and float(rank[1]) > 0:
        return Budget(float(rank[1]), "rank")
    number = re.fullmatch(_NUMBER, text.strip().lower())
    if number:
        value = float(number[1].replace(",", "")) * _SUFFIX[number[2]]
        if 0 < value <= _MOST:
            return Budget(value, "share" if number[2] == "%" else "params")
    raise UsageError(
        f"`{argument}={text!r}` is not a positive number of parameters; {_FORMS}; at most {_MOST:g}."
    )
