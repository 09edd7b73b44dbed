"""The index of weights that are spread over several files: which tensor is in which file of the folder."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

from spaces.errors import InputError
from spaces.foreign_json import anything, fields, object_of, read_json, text

__all__ = ["INDEX", "indexed_files"]

INDEX: Final = "model.safetensors.index.json"
_SHAPE: Final = fields(weight_map=object_of(text), metadata=object_of(anything))
_REMEDY: Final = "save the model again with save_pretrained of transformers"


def indexed_files(index: Path) -> list[str]:
    """The files that an index names, ascending, as paths within its folder.

    Raises InputError where it is damaged, or names others than safetensors files inside that folder.
    """
    named = read_json(index, _SHAPE, remedy=_REMEDY)["weight_map"]
    for tensor, file in named.items():
        path = PurePosixPath(file)
        if path.is_absolute() or ".." in path.parts or path.suffix != ".safetensors":
            raise InputError(
                f"{index} names {file!r} for {tensor!r}; only *.safetensors files inside the model's folder "
                f"are read: {_REMEDY}."
            )
    return sorted(set(named.values()))
