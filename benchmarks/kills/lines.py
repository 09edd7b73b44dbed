"""What is written down of a campaign, a line a kill and a line an end; and its sum."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

__all__ = ["LINES", "campaigns_summed", "read_lines"]

LINES: Final = "kills.jsonl"


def read_lines(folder: Path) -> list[dict[str, Any]]:
    """Those of a campaign's folder, in their order."""
    path = folder / LINES
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def campaigns_summed(work: Path) -> dict[str, Any]:
    """What came of each campaign in a folder, by its name.

    kills. compared: starts that came to their end and were compared with an undisturbed one. after: what the
    command had said last when it was killed, by the first word, and how often. faults: whatever was wrong.
    """
    return {path.parent.name: _summed(read_lines(path.parent)) for path in sorted(work.glob(f"*/{LINES}"))}


def _summed(lines: list[dict[str, Any]]) -> dict[str, Any]:
    kills = [one["after"].split() for one in lines if "moment" in one]
    after = Counter(words[0].rstrip(":") if words else "nothing yet" for words in kills)
    ends = [one for one in lines if "faults" in one]
    return {
        "kills": len(kills),
        "compared": sum("undisturbed" not in one for one in ends),
        "seconds_of_computing": next((one["undisturbed"] for one in lines if "undisturbed" in one), None),
        "after": dict(sorted(after.items())),
        "faults": [fault for one in ends for fault in one["faults"]],
    }
