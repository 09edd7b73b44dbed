"""Where a model comes from: a folder, or the Hugging Face hub."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from .errors import InputError
from .foreign import foreign
from .hub import hub_answers

__all__ = ["ModelPlace"]


@dataclass(frozen=True, slots=True)
class ModelPlace:
    """A model by its folder or its name on the hub. local_only: whether only local files may be asked for."""

    name: str
    local_only: bool

    @classmethod
    def of(cls, name: str) -> ModelPlace:
        """Raises InputError on what is neither a folder with a config.json nor can be a name on the hub, of
        which the hub is not asked. A path is taken as it is written, without a home for ``~``."""
        folder = Path(name)
        if not name or not folder.is_dir():
            if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name) or name.startswith(".") or folder.exists():
                raise InputError(
                    f"`model={name!r}` is not a folder; give a model's folder, or a name on the hub such as "
                    "facebook/opt-350m."
                )
            return cls(name, local_only=not hub_answers())
        if not (folder / "config.json").is_file():
            if (folder / "adapter_config.json").exists():
                raise InputError(
                    f"{name} is a PEFT adapter and no model; give the folder or name of its base model."
                )
            raise InputError(f"{name} has no config.json; give a folder that save_pretrained wrote.")
        return cls(name, local_only=True)

    def loading(self, what: str) -> AbstractContextManager[None]:
        """The boundary around transformers' loaders, which files of others make raise nearly anything."""
        remedy = "give the folder of a whole model that this version of transformers knows."
        if self.local_only and not Path(self.name).is_dir():
            remedy = (
                "it is neither a folder nor in the cache, and the Hugging Face hub does not answer: give a "
                "local model folder."
            )
        return foreign(f"the {what} of {self.name!r} cannot be loaded", remedy)
