"""Runs in an output folder that do nothing: begun, ended, and what they left."""

from __future__ import annotations

from pathlib import Path

from search.folder.output_folder import OutputFolder
from spaces.errors import InputError

NASTY = "a?b%20c#d{e}$f'g\"h\ni\x1b[31mj &k"
"""A name of characters that addresses and shells take for their own."""
OPTIONS = {"epochs": 1, "space": "lora"}


def folder_at(
    path: Path,
    command: str = "search.run",
    options: dict[str, object] = OPTIONS,
    inputs: dict[str, dict[str, str]] | None = None,
    **more: object,
) -> OutputFolder:
    known = {"train.tsv": {"": "1"}} if inputs is None else inputs
    return OutputFolder(path, command, options, inputs=lambda: dict(known), **more)


def run(folder: OutputFolder, result: dict[str, object]) -> dict[str, object]:
    """What a command does, with nothing to do."""
    with folder.opened() as path:
        if (known := folder.finished()) is not None:
            return {name: value for name, value in known.items() if name != "output"}
        folder.begin()
        (path / "allocation.json").write_text("{}")
        folder.finish(result)
    return result


def begin(folder: OutputFolder) -> None:
    """What is left of a command that was killed before its first candidate had finished."""
    with folder.opened():
        folder.begin()


def contents(path: Path) -> dict[str, bytes]:
    return {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}


def refuse(folder: OutputFolder, finished: str | None = None) -> None:
    """What a command does that fails on its input; something in a folder ``finished`` had finished."""
    with folder.opened() as path:
        if finished:
            folder.begin()
            (path / finished).mkdir()
            (path / finished / "a.json").write_text("")
        raise InputError("no such column")
