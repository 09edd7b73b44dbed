"""A search space as text: its sites with their taps, and its ranks."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, get_args

from .errors import InputError
from .search_space import SearchSpace
from .site import Kind, Part, Site, Tap

__all__ = ["space_from_json", "space_to_json"]


def space_to_json(space: SearchSpace) -> str:
    """A JSON object that ``space_from_json`` reads: ``sites`` as objects of their fields, and ``ranks``."""
    return json.dumps(asdict(space), ensure_ascii=False)


def space_from_json(text: str) -> SearchSpace:
    """The space that ``space_to_json`` wrote; raises InputError on anything else."""
    try:
        data = json.loads(text)
        return SearchSpace(tuple(_site(fields) for fields in data["sites"]), tuple(data["ranks"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"a search space cannot be read from {text[:60]!r} ({type(error).__name__}: {error}); "
            "give what space_to_json wrote, unchanged."
        ) from None


def _site(fields: dict[str, Any]) -> Site:
    """Raises KeyError, TypeError or ValueError on anything but a site's fields."""
    kind = fields["kind"]
    if kind not in get_args(Kind):
        raise ValueError(f"kind={kind!r} must be one of {list(get_args(Kind))}")
    return Site(**{**fields, "source": _tap(fields["source"]), "target": _tap(fields["target"])})


def _tap(fields: dict[str, Any]) -> Tap:
    """Raises TypeError or ValueError on anything but a tap's fields."""
    part = fields["part"]
    if part is not None:
        if isinstance(part, list):  # as tables were written when every part was one piece
            start, stop = part
            part = {"start": start, "stop": stop}
        part = Part(**part)
    if fields["side"] not in ("in", "out"):
        raise ValueError(f"side={fields['side']!r} must be in or out")
    return Tap(**{**fields, "part": part})
