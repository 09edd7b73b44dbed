"""A saved adapter in another form: for servers that read one rank and one alpha, or folded into its base."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import torch
from transformers import PreTrainedModel

from evaluators.base.base_model import ModelSource, load_base_model, own_tokenizer
from evaluators.base.quiet_loading import quietly
from evaluators.store.whole_folder import replace_folder
from spaces.counted import counted
from spaces.errors import InputError
from spaces.site import Site

from .adapter import adapted_sites, merge
from .adapter_base import adapter_base
from .adapter_files import own_wires, read_head, read_wires
from .adapter_record import AdapterRecord, read_adapter_record
from .layouts.peft_adapter import PeftAdapter, read_peft_adapter
from .layouts.registry import find_layout
from .model_card import MODEL_CARD, model_card, roles_of
from .peft_files import fits_peft, write_peft
from .whole_model import MERGED

__all__ = ["Exported", "export_adapter", "export_merged"]

_ATTACHED: Final = "use the adapter by load_adapter"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. format: of ``LAYOUTS``, or ``MERGED``. sites: that had a wire. linears: that have an
    adapter now; none where they were merged. r: the largest rank of these. params: of these."""

    output: str
    format: str
    base: str
    sites: int
    linears: int
    r: int
    params: int

    def to_json(self) -> Mapping[str, object]:
        """All of it."""
        return asdict(self)


def export_adapter(
    source: Path,
    output: Path,
    layout: str,
    *,
    base: str | None = None,
    title: str | None = None,
    without_shortcuts: bool = False,
) -> Exported:
    """Writes what PEFT has of an adapter into a new folder, in one of ``LAYOUTS``, with a model card.

    Reads no weights of the base model, only its config.json.

    Args:
        source: an adapter's folder.
        output: a folder that is not there yet, or empty.
        layout: the name of one.
        base: where the base model is, if not where the adapter was trained on it.
        title: what the files call the base model, where PEFT looks for it, if not ``base``.
        without_shortcuts: leaves shortcuts out, which no layout can have: the rest is not what was trained.

    Raises UsageError on an unknown layout; InputError where the adapter has anything that PEFT cannot have
    and that may not be left out, does not fit the base model, or is damaged, and where ``output`` holds
    anything or cannot be written.
    """
    chosen, record = find_layout(layout), _record_of(source, without_shortcuts=without_shortcuts)
    if not record.allocation.ranks:
        raise InputError(f"the adapter in {source} has no wire; there is nothing to export.")
    if packed := _packed(record):
        _log.warning("%s", packed)
    own = base or record.base
    model = adapter_base(record, own)
    sites = adapted_sites(model, record.allocation)
    adapter = chosen.laid_out(_peft_part(source, record, model, sites, base=title or own))
    adapter.check(model)
    called, roles = replace(record, base=title or own), roles_of(sites)

    def write(new: Path) -> None:
        adapter.write(new)
        note = " ".join(filter(None, (chosen.note_of(adapter), _unlike_measured(record))))
        card = model_card(called, "peft", roles=roles, note=note, head_modules=record.head(model))
        (new / MODEL_CARD).write_text(card, encoding="utf-8")

    replace_folder(output, write, files=())
    r = max(len(one.a) for one in adapter.wired.values())
    kept = len(record.allocation.ranks) - len(record.shortcuts)
    said = Exported(str(output), layout, title or own, kept, len(adapter.wired), r, adapter.params)
    _log.info("exported %s", _words(said, record))
    return said


def export_merged(
    source: Path,
    output: Path,
    *,
    base: str | None = None,
    title: str | None = None,
    dtype: str = "float32",
    without_shortcuts: bool = False,
) -> Exported:
    """Writes the whole model with an adapter folded into its weights, and its tokenizer, into a new folder.

    Args:
        source: an adapter's folder.
        output: a folder that is not there yet, or empty.
        base: where the base model is, if not where the adapter was trained on it.
        title: what the card calls the base model, if not ``base``.
        dtype: of the weights: "float32" or "bfloat16".
        without_shortcuts: leaves shortcuts out, which have no weight to be folded into.

    Raises InputError where ``load_base_model`` and ``merge`` do, and where ``output`` holds anything or
    cannot be written.
    """
    record = _record_of(source, without_shortcuts=without_shortcuts)
    own = base or record.base
    shapes = adapter_base(record, own)
    model = load_base_model(ModelSource(own, record.num_labels, dtype, record.architecture), device="cpu")
    merge(source, model, without_shortcuts=without_shortcuts)
    tokenizer = own_tokenizer(own)
    _switch_cache_back(model, shapes)
    called, roles = replace(record, base=title or own), roles_of(adapted_sites(model, record.allocation))

    def write(new: Path) -> None:
        with quietly():
            model.save_pretrained(new)
        tokenizer.save_pretrained(new)
        card = model_card(called, "transformers", roles=roles, note=_unlike_measured(record))
        (new / MODEL_CARD).write_text(card, encoding="utf-8")

    replace_folder(output, write, files=())
    kept = len(record.allocation.ranks) - len(record.shortcuts)
    said = Exported(str(output), MERGED, title or own, kept, 0, 0, 0)
    _log.info("exported %s", _words(said, record))
    return said


def _switch_cache_back(model: PreTrainedModel, before: PreTrainedModel) -> None:
    """Gives a model's config the ``use_cache`` that ``load_base_model`` took from it."""
    for part, own in (
        (model.config, before.config),
        (model.config.get_text_config(), before.config.get_text_config()),
    ):
        part.use_cache = getattr(own, "use_cache", True)


def _words(said: Exported, record: AdapterRecord) -> str:
    rest = "; none of the formats keeps shortcuts, load_adapter does" if record.shortcuts else ""
    if said.format == MERGED:
        return f"the model with {counted(said.sites, 'wire')} folded in, to {said.output}{rest}"
    return (
        f"{counted(said.params, 'parameter')} at {counted(said.linears, 'linear')}, rank {said.r} at most, "
        f"to {said.output}{rest}"
    )


def _record_of(source: Path, *, without_shortcuts: bool) -> AdapterRecord:
    """The adapter's record; the log warns, loudly, of what is left out. Raises InputError where nothing may
    be, or nothing is left."""
    record = read_adapter_record(source)
    if not record.shortcuts:
        return record
    count = counted(len(record.shortcuts), "shortcut")
    if not without_shortcuts:
        raise InputError(
            f"this adapter has {count}, {record.shortcuts[0]} the first, which no format can have: use it by "
            "load_adapter, or leave them out by `without_shortcuts`, which is not the model that was trained."
        )
    if len(record.shortcuts) == len(record.allocation.ranks):
        raise InputError(f"this adapter has {count} and nothing else; use it by load_adapter.")
    words = "LEFT OUT %s of %s: what is exported is not what was trained, and was never measured"
    _log.warning(words, count, counted(len(record.allocation.ranks), "wire"))
    return record


def _peft_part(
    source: Path, record: AdapterRecord, model: PreTrainedModel, sites: Sequence[Site], *, base: str
) -> PeftAdapter:
    """The wires at linears, and the head, as PEFT has them.

    sites: of all wires. base: where the base model is, as the config shall say. Raises InputError where
    linears have wires that PEFT cannot have, or was not seen to give.
    """
    if record.stock_peft:
        return read_peft_adapter(source, model, base=base)
    linears = [site for site in sites if site.kind == "lora"]
    if several := [site.name for site in linears if not fits_peft(site)]:
        raise InputError(f"{_not_given(several)}, whose linear also projects positions; {_ATTACHED}.")
    own = () if record.linears_stock else own_wires(source)  # an older folder had the others in PEFT's files
    if unseen := [site.name for site in linears if site.name in own]:
        raise InputError(f"{_not_given(unseen)}; merge it (`format=merged`), or {_ATTACHED}.")
    model = _with_labels(model, record)
    wires, head = read_wires(source, record, model, linears), read_head(source, record, model)
    with TemporaryDirectory() as folder:
        write_peft(Path(folder), wires, head, model=model, base=base, architecture=record.architecture)
        return read_peft_adapter(Path(folder), model, base=base)


def _with_labels(model: PreTrainedModel, record: AdapterRecord) -> PreTrainedModel:
    """A model without weights, with as many outputs as the adapter was trained for where these are labels."""
    if record.num_labels is None:
        return model
    config = copy.deepcopy(model.config)
    config.num_labels = record.num_labels
    with torch.device("meta"):
        return type(model)(config)


def _not_given(names: Sequence[str]) -> str:
    return f"PEFT does not give what was trained at {names[0]} (one of {counted(len(names), 'wire')})"


def _unlike_measured(record: AdapterRecord) -> str:
    """How what is exported may differ from what was measured; empty where it does not."""
    return " ".join(filter(None, (_packed(record), _without(record))))


def _packed(record: AdapterRecord) -> str:
    if record.base_bits is None:
        return ""
    return (
        f"It was trained and measured over a base model in {counted(record.base_bits, 'bit')}; over weights "
        "that are not packed so it gives other numbers, which were never measured."
    )


def _without(record: AdapterRecord) -> str:
    if not record.shortcuts:
        return ""
    count = counted(len(record.shortcuts), "shortcut")
    return f"Here {count} are left out, so this is not the model that was measured."
