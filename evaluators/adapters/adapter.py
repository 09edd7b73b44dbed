"""Saving a trained candidate, loading it back onto a base model, and folding it into one.

``adapter_files`` says what an adapter's folder holds.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from peft import PeftMixedModel, PeftModel
from torch import Tensor
from transformers import PreTrainedModel

from evaluators.base.architectures import ARCHITECTURES
from evaluators.base.padding import fill_pad_token, pad_token_of
from evaluators.data.rows import Rows
from evaluators.objectives.task_objective import TaskObjective
from evaluators.store.whole_folder import replace_folder
from evaluators.training.candidate import Recipe, Trained, refuse_other_weights
from spaces.allocation import Allocation
from spaces.base_weight import whole_weight
from spaces.counted import counted
from spaces.errors import InputError
from spaces.families import find_family
from spaces.find_sites import find_sites, sites_by_leaf_name
from spaces.head import Head
from spaces.hooks import Attachment
from spaces.own_part import add_to_part
from spaces.packed import bits_of
from spaces.site import Site
from spaces.stacked import Stacked
from spaces.wires import Wires

from .adapter_files import ADAPTER_FILES, named_tensors, read_head, read_wires, write_head, write_wires
from .adapter_record import ADAPTER_RECORD, AdapterRecord, read_adapter_record
from .base_digest import base_digest
from .foldable import check_foldable
from .lora_config import task_type_of
from .model_card import MODEL_CARD, Loader, model_card, roles_of
from .peft_files import Wire, checked_wire, fits_peft, remove_peft, write_peft
from .stock_peft import AsTrained, why_not_stock
from .story import Story

__all__ = ["adapted_sites", "load_adapter", "merge", "save_adapter"]

_log = logging.getLogger(__name__)


def save_adapter(
    folder: Path,
    trained: Trained,
    *,
    model: PreTrainedModel,
    sites: Sequence[Site],
    recipe: Recipe,
    base: str,
    objective: TaskObjective,
    rows: Rows,
    story: Story | None = None,
) -> None:
    """Writes an adapter's folder, whole or not at all; an older adapter there is replaced.

    model: the base model, which is left as it is. sites: those of the space, the allocation's among them.
    base: the base model's name or folder, recorded as given. objective: that it was trained for. rows:
    any of the task's, on the first few of which PEFT's logits are compared with ours. story: how it came
    about, for its record and its model card.
    Where any wire is more than PEFT's LoRA, its files are left out; so they are where PEFT does not load or
    give what was trained, and the log says why. Raises InputError where the candidate failed, where the
    folder cannot be written, and where it holds anything but an adapter.
    """
    if trained.evaluation.failure is not None:
        raise InputError(f"a failed candidate has no adapter to save: {trained.evaluation.failure}.")
    refuse_other_weights(trained)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in trained.tensors.items()}
    ranks, scaling = dict(trained.allocation.ranks), recipe.scaling_of(trained.evaluation.candidate)
    wires = []
    for site in (site for site in sites if site.name in ranks):
        rank, factor = ranks[site.name], scaling.factor(site.kind, ranks[site.name])
        a, b = tensors[f"{site.name}.A"], tensors[f"{site.name}.B"]
        wires.append(checked_wire(site, factor, a, b, rank=rank))
    head = {name: tensors[name] for name in Head.shapes(objective.head(model))}
    record = AdapterRecord(
        base=base,
        allocation=trained.allocation,
        scaling=scaling,
        renorm=recipe.renorm,
        seed=trained.evaluation.candidate.seed,
        learning_rate=trained.evaluation.candidate.learning_rate,
        architecture=objective.architecture,
        label_names=objective.label_names,
        wire_params=sum(wire.a.numel() + wire.b.numel() for wire in wires),
        head_params=sum(tensor.numel() for tensor in head.values()),
        stock_peft=False,
        pad_token_id=pad_token_of(model.config),
        base_digest=base_digest(model),
        base_bits=bits_of(model),
        story=story,
    )
    replace_folder(
        folder, _Saving(folder, model, objective, wires, head, record, rows).write, files=ADAPTER_FILES
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Saving:
    """What goes into ``folder``. record: before it is known whether PEFT can load the adapter."""

    folder: Path
    model: PreTrainedModel
    objective: TaskObjective
    wires: Sequence[Wire]
    head: Mapping[str, Tensor]
    record: AdapterRecord
    rows: Rows

    def write(self, new: Path) -> None:
        """Writes everything into a new folder, which takes the place of ``folder`` afterwards."""
        record = self._tried_with_peft(new)
        if not record.stock_peft:
            write_wires(new, self.wires)
        write_head(new, self.head)
        (new / ADAPTER_RECORD).write_text(record.to_json(), encoding="utf-8")
        roles = roles_of([wire.site for wire in self.wires])
        loader: Loader = "peft" if record.stock_peft else "load_adapter"
        card = model_card(record, loader, roles=roles, head_modules=self.objective.head(self.model))
        (new / MODEL_CARD).write_text(card, encoding="utf-8")

    def _tried_with_peft(self, new: Path) -> AdapterRecord:
        """The record, which says what PEFT has been seen to give: every wire and the head, whose files are
        then in the folder, or those at linears beside shortcuts. Of a part of the wires no files are left:
        PEFT would load it without a word."""
        record, linears = self.record, [wire for wire in self.wires if wire.site.kind == "lora"]
        if not linears or not all(fits_peft(wire.site) for wire in linears):
            return record
        reason = self._why_peft_cannot(new, linears)
        if reason is None and not record.shortcuts:
            return replace(record, stock_peft=True)
        remove_peft(new)
        if reason is not None:
            words = "has linears that PEFT does not give" if record.shortcuts else "has no files for PEFT"
            _log.warning("%s %s, and needs load_adapter: %s.", self.folder, words, reason)
        return replace(record, linears_stock=reason is None) if record.shortcuts else record

    def _why_peft_cannot(self, new: Path, wires: Sequence[Wire]) -> str | None:
        """Writes PEFT's files of these wires and the head, and says why it does not load them or compute as
        we do; None where it does."""
        record = self.record
        write_peft(
            new, wires, self.head, model=self.model, base=record.base, architecture=record.architecture
        )
        with _attached(self.model, wires, self.head, record):
            trained = AsTrained.of(self.model, self.objective, wires, self.head, self.rows)
        return why_not_stock(new, self.model, self.rows, trained)


def load_adapter(folder: Path, model: PreTrainedModel) -> Attachment:
    """Attaches a saved adapter, wires and head, to its base model; ``detach`` restores the model.

    Until then config.id2label and label2id are the adapter's, and pad_token_id where the model has none that
    it can embed. The log warns where the base weights are not those that the adapter was trained on, or are
    packed otherwise.
    Raises InputError where the folder is no whole adapter, or one for a model with other sites, shapes
    or labels than this one.
    """
    record = _read_record(folder, model)
    sites = adapted_sites(model, record.allocation)
    head = read_head(folder, record, model)
    wires = read_wires(folder, record, model, sites)
    with ExitStack() as attachments:
        attachments.enter_context(_attached(model, wires, head, record))
        attachments.callback(_configure(model, record))
        return Attachment(attachments.pop_all())


def merge(folder: Path, model: PreTrainedModel, *, without_shortcuts: bool = False) -> PreTrainedModel:
    """The base model with a saved adapter's wires folded into its weights, W += factor * B A, and its head.

    The model is changed in place and returned; its config gets the labels' names, and the padding token
    where it has none that it can embed. Raises InputError, before it is changed, where a wire cannot be
    folded, where a weight is quantized or also another module's, and wherever ``load_adapter`` does.
    without_shortcuts: leaves those out, which cannot be folded: what is left is not what was trained.
    """
    record = _read_record(folder, model)
    sites = adapted_sites(model, record.allocation)
    if without_shortcuts:
        sites = [site for site in sites if site.kind == "lora"]
    head = read_head(folder, record, model)
    check_foldable(model, sites, head)
    wires = read_wires(folder, record, model, sites)
    with torch.no_grad():
        for wire in wires:
            weight = whole_weight(model, wire.site.target.module)
            merged, delta = weight.float(), wire.factor * (wire.b @ wire.a)
            add_to_part(merged, wire.site.target, delta.to(weight.device), dim=0)
            weight.copy_(merged)
        for name, tensor in head.items():
            model.get_parameter(name.removeprefix("head.")).copy_(tensor)
    _configure(model, record)
    return model


def _read_record(folder: Path, model: PreTrainedModel) -> AdapterRecord:
    """The record; the log warns where it is of other base weights, or of some that were packed otherwise.
    Raises InputError where the model is PEFT's around another, and where the record is of a model for another
    task: a language model's adapter has no head that a classifier would miss."""
    if isinstance(model, PeftModel | PeftMixedModel):
        raise InputError(
            f"the adapter needs the base model, and this is a {type(model).__name__} around it; give its "
            "unload(), which takes PEFT's own adapters off."
        )
    record, own = read_adapter_record(folder), base_digest(model)
    if task_type_of(model) not in (None, ARCHITECTURES[record.architecture].task_type):
        raise InputError(
            f"the adapter was trained on a model for {record.architecture}, and this is a "
            f"{type(model).__name__}; load its base model for that."
        )
    if own is not None and record.base_digest not in (None, own):
        words = "%s was trained on other base weights than this model has, those of %s; never tried on these"
        _log.warning(words, folder, record.base)
    known = record.base_bits is not None or record.base_digest is not None  # older versions told neither
    if known and (packing := bits_of(model)) != record.base_bits:
        words = "%s was trained over a base model %s, and this one is %s; never tried on it"
        _log.warning(words, folder, _packed_in(record.base_bits), _packed_in(packing))
    return record


def _packed_in(bits: int | None) -> str:
    return "that is not packed" if bits is None else f"in {counted(bits, 'bit')}"


def _attached(
    model: PreTrainedModel, wires: Sequence[Wire], head: Mapping[str, Tensor], record: AdapterRecord
) -> Attachment:
    sites, ranks = [wire.site for wire in wires], {wire.site.name: len(wire.a) for wire in wires}
    modules = record.head(model)
    stacked = Stacked({**Wires.shapes(sites, ranks), **Head.shapes(modules)}, 1, device=model.device)
    ours, heads = Wires(sites, ranks, stacked), Head(modules, stacked)
    ours.load(0, Allocation.of(ranks), record.scaling, seed=0)
    ours.restore(0, named_tensors(wires))
    heads.restore(0, head)
    for leaf in stacked.leaf.values():
        leaf.requires_grad_(False)
    with ExitStack() as attachments:
        attachments.enter_context(ours.attach(model, renorm=record.renorm))
        attachments.enter_context(heads.attach())
        return Attachment(attachments.pop_all())


def _configure(model: PreTrainedModel, record: AdapterRecord) -> Callable[[], None]:
    """Sets the labels' names and, where none can be embedded, the padding token; gives what undoes it."""
    parts = {id(part): part for part in (model.config, model.config.get_text_config())}.values()
    keys = ("id2label", "label2id", "pad_token_id")
    before = [(part, key, getattr(part, key)) for part in parts for key in keys if hasattr(part, key)]
    if record.label_names:
        model.config.id2label = dict(enumerate(record.label_names))
        model.config.label2id = {name: i for i, name in enumerate(record.label_names)}
    fill_pad_token(model, record.pad_token_id)

    def undo() -> None:
        for part, key, value in before:
            setattr(part, key, value)

    return undo


def adapted_sites(model: PreTrainedModel, allocation: Allocation) -> list[Site]:
    """The model's sites that an allocation names, in the order of the network."""
    space = "lora[all]"
    if find_family(model.config) is not None:
        blocks = 1 + max(site.layer for site in find_sites(model, space))
        given = re.findall(r"\.(?:in|cut)(\d{1,6})$", "\n".join(name for name, _ in allocation.ranks), re.M)
        spans = [int(span) for span in given if int(span) <= blocks]  # no block is further away
        space += f"+residual[all]+cross[all;span=1..{max(spans, default=1)}]"
    found = {site.name: site for site in [*sites_by_leaf_name(model), *find_sites(model, space)]}
    if missing := [name for name, _ in allocation.ranks if name not in found]:
        blocks = 1 + max(site.layer for site in found.values())
        raise InputError(
            f"the adapter has wires at {missing[:3]}, which this {model.config.model_type} model of "
            f"{counted(blocks, 'block')} has not; load the adapter onto the model that it was trained on."
        )
    return [site for site in found.values() if allocation.rank(site.name)]
