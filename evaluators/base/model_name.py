"""What a model is called before others: a name on the Hugging Face hub, or a folder's own."""

from __future__ import annotations

from pathlib import Path

from spaces.printable import printable

__all__ = ["name_of_model", "on_hub"]


def on_hub(model: str) -> bool:
    """Whether a model's name can be one on the hub, and is no folder: its path would tell others nothing."""
    folder = Path(model)
    path = folder.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1
    return not path and not folder.is_dir()


def name_of_model(model: str) -> str:
    """What a model is called before others: its name on the hub, or of a folder its own name, without the
    path that tells of a machine.

    >>> name_of_model("facebook/opt-350m"), name_of_model("/home/me/models/mine/")
    ('facebook/opt-350m', 'mine')
    """
    return printable(model if on_hub(model) else Path(model).resolve().name)
