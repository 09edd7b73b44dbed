"""Whether drivers that share a search were given the same: options, data, model and program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from search.folder.folder_record import FolderRecord
from search.folder.provenance import Provenance
from spaces.errors import UsageError
from spaces.printable import printable

__all__ = ["SETTLED", "check_alike", "settled"]

SETTLED: Final = "settled"
"""The name under which they agree on it, before they divide any work."""


def settled(record: FolderRecord) -> dict[str, Any]:
    """What all drivers of a search must have alike, as JSON has it: what their folders record, but for the
    options that may change when one goes on."""
    inputs = {name: dict(digests) for name, digests in record.provenance.inputs.items()}
    return {"options": record.lasting, "inputs": inputs, "program": dict(record.provenance.program)}


def check_alike(theirs: Mapping[str, Any], record: FolderRecord) -> None:
    """Raises UsageError where this driver differs from the one that began the search, and names every
    difference. theirs: what that said was ``settled``."""
    own = settled(record)
    if own == theirs:
        return
    options = own["options"].keys() | theirs["options"].keys()
    other = [
        f"{_given(name, own)} here, {_given(name, theirs)} there"
        for name in sorted(options)
        if own["options"].get(name) != theirs["options"].get(name)
    ]
    there = Provenance(theirs["inputs"], theirs["program"])
    other += there.changes_to(Provenance(own["inputs"], own["program"]))
    raise UsageError(
        f"the drivers of this search in `storage` were started with other options, data, model or program: "
        f"{'; '.join(other) or 'data or a model that cannot be told'}; start all by the same line, or choose "
        "another `study_name`."
    )


def _given(name: str, one: Mapping[str, Any]) -> str:
    """As it would be written, a list with commas; what is left out is found out by each driver."""
    value = one["options"].get(name)
    if value is None:
        return f"no `{name}`"
    shown = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"`{name}={printable(shown)}`"
