"""What ``options.json`` says of a folder: whose it is, and what its results stand on."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from evaluators.store.sealed_json import DamagedFileError, read_sealed, write_sealed
from spaces.counted import counted
from spaces.errors import UsageError

from .provenance import Provenance

__all__ = ["RECORD", "FolderRecord", "read_record"]

RECORD: Final = "options.json"


@dataclass(frozen=True, slots=True)
class FolderRecord:
    """command: whose folder it is. options: those that decide its results, as JSON has them.

    files: what the command left when it ended, as ``digests_of`` has it; empty until then.
    growing: names of options that may change from start to start; the command knows them, no file does.
    token: no other folder's, so that the same command in another one is another run; empty where it is the
    same, as with drivers of one search, and in what older versions wrote.
    """

    command: str
    options: Mapping[str, object]
    provenance: Provenance
    files: Mapping[str, str] = field(default_factory=dict)
    growing: Collection[str] = ()
    token: str = ""

    @property
    def lasting(self) -> dict[str, object]:
        """The options that no start of the run may change."""
        return {name: value for name, value in self.options.items() if name not in self.growing}

    @property
    def identity(self) -> str:
        """A digest of options, what is read and whose folder it is: the same in every start of a run."""
        own = [self.command, self.lasting, dict(self.provenance.inputs), *filter(None, [self.token])]
        return sha256(json.dumps(own, sort_keys=True, default=dict).encode()).hexdigest()[:32]

    def write(self, folder: Path) -> None:
        """Writes the record, whole or not at all, in place of what was there."""
        content = {
            "command": self.command,
            "options": dict(self.options),
            "inputs": dict(self.provenance.inputs),
            "program": dict(self.provenance.program),
            "files": dict(self.files),
            "token": self.token,
        }
        write_sealed(folder / RECORD, content, indent=2)

    def differing(self, options: Mapping[str, object], *, growing: Collection[str] = ()) -> str:
        """The first few options that these have another value of, in backticks; empty where none has.

        growing: those that may have another.
        """
        names = sorted(
            name
            for name in (self.options.keys() | options.keys()) - set(growing)
            if name not in self.options or name not in options or self.options[name] != options[name]
        )
        named = [f"`{name}`" for name in names[:5]]
        return ", ".join(named) + (f" and {counted(len(names) - 5, 'other')}" if len(names) > 5 else "")


def read_record(folder: Path, *, another: str, growing: Collection[str]) -> FolderRecord | None:
    """The record of a folder, None where it has none.

    another: what to do where it is of no use. growing: as the command knows them. Raises UsageError where it
    is damaged, or an older version wrote it, which recorded its options alone.
    """
    path = folder / RECORD
    if not path.exists():
        return None
    try:
        content = read_sealed(path)
        provenance = Provenance(content["inputs"], content["program"])
        files, token = content["files"], content.get("token", "")
        return FolderRecord(content["command"], content["options"], provenance, files, growing, token)
    except (DamagedFileError, KeyError) as error:
        if _is_of_an_older_version(path):
            raise UsageError(
                f"an older version of this program began {folder}, and recorded neither its command nor its "
                f"data; {another}."
            ) from None
        raise UsageError(f"{error}; {another}, or remove the folder {folder}.") from None


def _is_of_an_older_version(path: Path) -> bool:
    """Whether a file is a plain object of options, which is what there was before records had checksums."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and {"space", "budget", "seeds"} <= content.keys()
