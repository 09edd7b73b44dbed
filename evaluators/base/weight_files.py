"""Which files transformers would take a model's weights from, checked before it opens one.

It reads ``model.safetensors``, or else what ``model.safetensors.index.json`` names; a folder or a config may
send it elsewhere: to pickled files, to a folder above, to an adapter that is then put into the model. Links
are followed, as a hub's cache is made of them: whatever they lead to is read as safetensors.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from transformers import PretrainedConfig
from transformers.utils.hub import cached_file
from transformers.utils.peft_utils import find_adapter_config_file

from spaces.errors import InputError

from .weight_index import INDEX, indexed_files

__all__ = ["WEIGHTS", "check_weight_files"]

WEIGHTS: Final = ("model.safetensors", INDEX)


def check_weight_files(name: str, config: PretrainedConfig, *, local_only: bool) -> None:
    """Raises InputError unless the model's weights are safetensors files inside its folder, and those alone.

    name: a folder, or a name on the hub. config: the model's. local_only: whether the hub may not be asked.
    """
    if find_adapter_config_file(name, local_files_only=local_only) is not None:
        raise InputError(
            f"{name} holds a PEFT adapter (adapter_config.json), which transformers would put into the "
            "model; give the base model alone: without that file, or with the adapter merged "
            "(merge_and_unload of peft)."
        )
    for one in (config, config.get_text_config()):
        if (other := getattr(one, "transformers_weights", None)) is not None:
            raise InputError(
                f"the config.json of {name} sends for its weights to transformers_weights={other!r}; only "
                f"{' and '.join(WEIGHTS)} are read: take that line out."
            )
    if Path(name).is_dir() and any(Path(name).glob("shard-*-model-*-of-*.safetensors")):
        raise InputError(f"{name} is a distributed checkpoint; save it whole with save_pretrained.")
    index = cached_file(
        name,
        INDEX,
        local_files_only=local_only,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
    )
    if index is not None and not (Path(name) / "model.safetensors").is_file():
        indexed_files(Path(index))  # or says what is wrong with it
