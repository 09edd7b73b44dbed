"""Loading the frozen model that wires are added to, and its tokenizer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn
from transformers import (
    AutoConfig,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from spaces.counted import counted
from spaces.errors import InputError
from spaces.head import head_parameters, mark_pretrained_head
from spaces.model_place import ModelPlace
from spaces.objective import Architecture
from spaces.unknown_name import unknown_name

from .architectures import ARCHITECTURES
from .described import not_before
from .drawn_alike import drawn_alike
from .packing import PACKINGS, keep_packing, packed_loading
from .padding import settle_padding
from .quiet_loading import quietly
from .weight_files import WEIGHTS, check_weight_files

__all__ = ["DTYPES", "ModelSource", "load_base_model", "load_tokenizer", "own_tokenizer"]

DTYPES: Final = {"float32": torch.float32, "bfloat16": torch.bfloat16}  # float16 would need loss scaling
_ALONE: Final = threading.Lock()
"""Held while a model is loaded: transformers replaces functions of its own meanwhile, and two threads at it
would leave them replaced, so that later models had their embeddings untied."""
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelSource:
    """What to load, in a form that a worker process can be sent.

    path_or_name: a local folder, or a name on the hub. num_labels: outputs of a sequence classifier's head, 1
    for regression; None for a language model. dtype: of the weights, a name in DTYPES. bits: 4 or 8, to which
    the linears' weights are packed when they are loaded; None leaves them as they are.
    """

    path_or_name: str
    num_labels: int | None
    dtype: str = "float32"
    architecture: Architecture = "sequence_classification"
    bits: int | None = field(default=None, metadata=not_before(None))

    def __post_init__(self) -> None:
        if (self.num_labels is None) == ARCHITECTURES[self.architecture].fresh_head:
            raise ValueError(f"num_labels={self.num_labels} does not fit a model for {self.architecture}.")
        if self.num_labels is not None and self.num_labels < 1:
            raise ValueError(f"num_labels={self.num_labels} must be at least 1 (1 is regression).")
        if self.dtype not in DTYPES:
            raise unknown_name("dtype", self.dtype, DTYPES)
        if self.bits is not None and self.bits not in PACKINGS:
            raise ValueError(f"bits={self.bits} must be one of {sorted(PACKINGS)}, or None.")


def load_base_model(source: ModelSource, *, device: torch.device | str) -> PreTrainedModel:
    """A model of the source's architecture with pretrained weights, frozen, in eval mode, on ``device``.

    Only safetensors files inside the model's folder are read and no code that comes with a model is run. A
    classifier's head that the weights lack is drawn from a fixed seed, the same in every process, and leaves
    PyTorch's generators alone; what of it they have is marked (``mark_pretrained_head``).
    config.pad_token_id is one that the model can embed (``settle_padding``). Raises InputError where there is
    no such model, where it is an encoder-decoder, and where no weights of it can be used: finite numbers,
    without a PEFT adapter among them.
    """
    name, kind = source.path_or_name, ARCHITECTURES[source.architecture]
    labels = {} if source.num_labels is None else {"num_labels": source.num_labels}
    place = ModelPlace.of(name)
    local_only = place.local_only
    _check_weights(name)
    with _ALONE, quietly(), drawn_alike(source.bits, device), place.loading("model"):
        config = AutoConfig.from_pretrained(
            name, **labels, trust_remote_code=False, local_files_only=local_only
        )
        assert isinstance(config, PretrainedConfig)
        _check_one_stream(config, name)
        check_weight_files(name, config, local_only=local_only)
        model, info = kind.auto.from_pretrained(
            name,
            config=config,
            dtype=DTYPES[source.dtype],
            **packed_loading(source.bits, DTYPES[source.dtype], device, kind=kind, config=config),
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=local_only,
            adapter_kwargs={"local_files_only": local_only},  # else PEFT's own look-up asks the hub
            ignore_mismatched_sizes=True,  # a head trained for other labels; checked below
            output_loading_info=True,
        )
    assert isinstance(model, PreTrainedModel)
    for part in (model.config, model.config.get_text_config()):
        part.use_cache = False  # decoders would keep keys and values that nobody asks for
    model.requires_grad_(False).train(False)  # transformers has no type for eval()
    _check_loaded(model, name, info, fresh_head=kind.fresh_head)
    mark_pretrained_head(model, _pretrained(model, kind.head(model), info))
    _check_finite(model, name)
    settle_padding(model, name, lambda: load_tokenizer(name))
    if source.bits is not None:  # and on its device already
        keep_packing(model)
    else:
        model.to(device)  # type: ignore[arg-type]  # transformers types it for what it loads in 4 bits
    return model


def load_tokenizer(path_or_name: str) -> PreTrainedTokenizerBase:
    """The tokenizer of a local folder or a name on the hub, padding on the right.

    Where it has no pad token, as decoders' have none, the end-of-text token serves as one, and the log says
    so. Raises InputError where there is no tokenizer, or neither of the two tokens.
    """
    tokenizer = own_tokenizer(path_or_name)
    if tokenizer.pad_token_id is None:
        if tokenizer.eos_token_id is None:
            raise InputError(
                f"the tokenizer of {path_or_name} has neither a pad nor an end-of-text token; "
                "set pad_token in its tokenizer_config.json."
            )
        tokenizer.pad_token = tokenizer.eos_token
        _logger.info("%s has no pad token; padding with %r instead.", path_or_name, tokenizer.eos_token)
    tokenizer.padding_side = "right"
    return tokenizer


def own_tokenizer(path_or_name: str) -> PreTrainedTokenizerBase:
    """The tokenizer of a local folder or a name on the hub, as it is; InputError where there is none."""
    place = ModelPlace.of(path_or_name)
    with quietly(), place.loading("tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(
            path_or_name, trust_remote_code=False, local_files_only=place.local_only
        )
    assert isinstance(tokenizer, PreTrainedTokenizerBase)
    if len(tokenizer) <= len(tokenizer.all_special_ids):  # what transformers makes of a folder without files
        raise InputError(
            f"{path_or_name} has no vocabulary for its tokenizer; add its tokenizer.json or vocabulary files."
        )
    return tokenizer


def _check_weights(name: str) -> None:
    """Raises InputError on a folder of a model without safetensors."""
    folder = Path(name)
    if folder.is_dir() and not any((folder / weights).is_file() for weights in WEIGHTS):
        pickled = any(folder.glob("pytorch_model*.bin*"))
        remedy = "convert pytorch_model.bin, which is never unpickled here," if pickled else "save the model"
        raise InputError(
            f"{name} has no weights ({' or '.join(WEIGHTS)}); {remedy} with save_pretrained of transformers."
        )


def _check_one_stream(config: PretrainedConfig, name: str) -> None:
    """Raises InputError on an encoder-decoder, whatever it is to be loaded for."""
    if config.is_encoder_decoder:
        raise InputError(
            f"{name} is an encoder-decoder ({config.model_type}): its decoder also reads the states of its "
            "encoder, so there is no one residual stream to search, and no objective here goes from sequence "
            "to sequence; choose an encoder or a decoder."
        )


def _check_loaded(model: PreTrainedModel, name: str, info: dict[str, Any], *, fresh_head: bool) -> None:
    """Raises InputError where weights are missing or of another shape, of the base model alone where the head
    is drawn anew, and where transformers has put an adapter into it."""
    if getattr(model, "_hf_peft_config_loaded", False):
        raise InputError(f"{name} was loaded with a PEFT adapter in it; give the base model alone.")
    needed = f"{model.base_model_prefix}." if fresh_head else ""
    missing = sorted(key for key in info["missing_keys"] if key.startswith(needed))
    if any("pooler" in key for key in missing):  # a frozen pooler drawn at random would differ at every load
        raise InputError(
            f"{name} has no weights for its pooler, on which the classifier stands; draw them once and for "
            "all with AutoModel.from_pretrained(...).save_pretrained(...), and give that folder."
        )
    wrong = missing + sorted(key for key, *_ in info["mismatched_keys"] if key.startswith(needed))
    if wrong:
        remedy = (
            "give a checkpoint that fits its config.json."
            if fresh_head
            else "choose a decoder that was trained as a language model."
        )
        raise InputError(
            f"{name} lacks fitting weights for {counted(len(wrong), 'tensor')} of its "
            f"{type(model).__name__}, the first is {wrong[0]}; {remedy}"
        )


def _pretrained(model: PreTrainedModel, head: Mapping[str, nn.Module], info: Mapping[str, Any]) -> list[str]:
    """The parameters of a head that the weights have, as ModernBERT's of its masked language model, but for
    those that answer for each label."""
    lacking = {*info["missing_keys"], *(key for key, *_ in info["mismatched_keys"])}
    labels = (model.config.num_labels,)
    own = head_parameters(head).items()
    return [name for name, one in own if name not in lacking and one.shape[:1] != labels]


def _check_finite(model: PreTrainedModel, name: str) -> None:
    """Raises InputError on the first tensor with a NaN, or a parameter with an infinite number, in it.

    One pass at the speed of memory, on the CPU: 10 ms for 100 MB. Buffers may be infinite: masks and bounds
    are.
    """
    for key, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if not tensor.is_floating_point() or not tensor.numel() or tensor.element_size() < 2:
            continue  # 8-bit floats have no arithmetic
        ends = torch.stack(tensor.aminmax())
        if bool(ends.isnan().any()) or (isinstance(tensor, torch.nn.Parameter) and bool(ends.isinf().any())):
            raise InputError(
                f"{name} has weights that are NaN or infinite, the first in {key}; give a checkpoint of "
                "finite numbers, such as one that was saved before its training diverged."
            )
