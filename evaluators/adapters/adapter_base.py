"""The base model of a saved adapter, without its weights."""

from __future__ import annotations

from pathlib import Path

from transformers import PreTrainedModel

from evaluators.base.model_name import on_hub
from spaces.errors import InputError, what_went_wrong
from spaces.meta_model import meta_model

from .adapter_record import AdapterRecord

__all__ = ["adapter_base"]


def adapter_base(record: AdapterRecord, base: str) -> PreTrainedModel:
    """The shapes of an adapter's base model. base: where it is, which need not be where it was.

    Raises InputError where it does not load; of one that is where the adapter says it says that, and what to
    give: a relative path that was typed elsewhere is no folder here, and looks like a name on the hub.
    """
    own = base == record.base and not Path(base).is_dir()
    said = f"the adapter's base was {base!r}, which is no folder here"
    if own and not on_hub(base):
        raise InputError(f"{said}; give the base with `model`.")
    try:
        return meta_model(base, record.architecture)
    except InputError as error:
        if not own:
            raise
        why = what_went_wrong(error)
        raise InputError(
            f"{said} and was taken for a name on the hub: {why}; give the base with `model`."
        ) from error
