"""The model card of an adapter's folder: a README.md that the hub reads, and people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pprint import pformat
from types import MappingProxyType
from typing import Final, Literal

from evaluators.base.architectures import ARCHITECTURES
from evaluators.base.model_name import name_of_model, on_hub
from evaluators.base.packing import PACKINGS
from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.objective import Architecture
from spaces.printable import printable
from spaces.site import Site

from .adapter_record import AdapterRecord
from .markdown import escaped, fenced, markdown_table
from .story import Story, Written

__all__ = ["MODEL_CARD", "Loader", "model_card", "roles_of"]

MODEL_CARD: Final = "README.md"
Loader = Literal["peft", "load_adapter", "transformers"]
"""What loads a folder: PEFT alone, this program, or, a merged model, transformers alone."""

_KINDS: Final = ("lora", "residual", "cross")
_IN_BLOCK: Final = re.compile(r"(layers\.\d+)\.(.+)", re.DOTALL)  # a role may have a count: layers.0.dense.2
_INLINE: Final = 2  # arguments that stand in one line
_WIDEST: Final = 70  # characters of a line of labels, with which no page must grow
_LOCAL: Final = """\
# it was a folder; rankscape export
# writes its name on the hub, given as model NAME
"""
_NAMED: Final = ("id2label=dict(enumerate(names))", "label2id={name: i for i, name in enumerate(names)}")
_PIPELINES: Final[Mapping[Architecture, str]] = MappingProxyType(
    {"causal_lm": "text-generation", "sequence_classification": "text-classification"}
)
_LIBRARIES: Final[Mapping[Loader, str]] = MappingProxyType(
    {"peft": "peft", "load_adapter": "rankscape", "transformers": "transformers"}
)
_SNIPPETS: Final[Mapping[Loader, str]] = MappingProxyType(
    {
        "peft": """\
from peft import PeftModel
from transformers import {auto}{packing}

{labels}{config}{comment}base = {auto}.from_pretrained({base})
model = PeftModel.from_pretrained(base, "path/to/this/folder")
""",
        "load_adapter": """\
from pathlib import Path

from evaluators.adapters.adapter import load_adapter
from transformers import {auto}{packing}

{config}{comment}model = {auto}.from_pretrained({base})
attached = load_adapter(Path("path/to/this/folder"), model)  # attached.detach() takes it off again
""",
        "transformers": """\
from transformers import {auto}

model = {auto}.from_pretrained("path/to/this/folder")
""",
    }
)


def roles_of(sites: Iterable[Site]) -> tuple[str, ...]:
    """The roles of some sites, with spans: kind by kind, then in their order, as in ``ranks.png``."""
    ordered = sorted(sites, key=lambda site: _KINDS.index(site.kind))
    return tuple(dict.fromkeys(site.name_in_block for site in ordered))


def model_card(
    record: AdapterRecord,
    loader: Loader,
    *,
    roles: Sequence[str] = (),
    note: str = "",
    head_modules: Iterable[str] = (),
) -> str:
    """The text of the card: front matter as PEFT writes it, the ranks, what was measured, how it is loaded.

    roles: the order of the columns; those that it lacks follow by alphabet. note: what differs from the
    adapter as it was trained. head_modules: by full name, which a base model that is packed leaves as they
    are. No path of a machine stands in it: of a base model in a folder, the folder's own name does, and not
    where the hub would take it for a name of its own.
    """
    base = name_of_model(record.base)
    on, what = counted(len(record.allocation.ranks), "site"), counted(record.wire_params, "parameter")
    head = f", and a head of {record.head_params:,}" if record.head_params else ""
    said = f"Low-rank adapters for {escaped(base)}: {what} at {on}{head}. Rankscape chose the ranks."
    parts = [
        _front_matter(record, loader),
        "# Where the adapters are",
        said,
        *([escaped(note)] if note else []),
        *_ranks(record.allocation, roles),
        *([] if record.story is None else _measured(record.story)),
        *([] if record.story is None or record.story.written is None else _told(record.story.written)),
        "## How it was made",
        _made(record),
        *(
            []
            if record.story is None or record.story.command is None
            else [fenced(printable(record.story.command), "sh")]
        ),
        "## How to load it",
        *_loading(record, base, loader, sorted(head_modules)),
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(record: AdapterRecord, loader: Loader) -> str:
    """As ``PeftModel.create_or_update_model_card`` has it; quoted as JSON does, which YAML reads."""
    base = printable(record.base) if on_hub(record.base) else None
    tags = ["rankscape"] if loader == "transformers" else ["lora", "rankscape"]
    if base is not None and loader != "transformers":
        tags.insert(0, f"base_model:adapter:{base}")
    lines = [
        *([] if base is None else [f"base_model: {json.dumps(base)}"]),
        f"library_name: {_LIBRARIES[loader]}",
        f"pipeline_tag: {_PIPELINES[record.architecture]}",
        "tags:",
        *(f"- {json.dumps(tag)}" for tag in tags),
    ]
    return "\n".join(["---", *lines, "---"])


def _ranks(allocation: Allocation, roles: Sequence[str]) -> list[str]:
    """The table of them; nothing where there are none."""
    if not allocation.ranks:
        return []
    return [
        markdown_table(_rank_map(allocation, roles)),
        "Blocks and roles that have no adapter are left out.",
    ]


def _rank_map(allocation: Allocation, order: Sequence[str]) -> list[tuple[str, ...]]:
    """A row for each block that has a wire, a column for each role that is one's."""
    ranks = [(*_block_and_role(name), str(rank)) for name, rank in allocation.ranks]
    blocks = sorted({block for block, _, _ in ranks}, key=_place)
    own = sorted({role for _, role, _ in ranks})
    roles = [*(role for role in order if role in own), *(role for role in own if role not in order)]
    known = {(block, role): rank for block, role, rank in ranks}
    rows = [(block, *(known.get((block, role), "") for role in roles)) for block in blocks]
    return [("rank", *roles), *rows]


def _block_and_role(name: str) -> tuple[str, str]:
    """Of a site's name, whose role may end in a count: layers.0 and dense.2 of layers.0.dense.2."""
    if found := _IN_BLOCK.fullmatch(name):
        return found[1], found[2]
    block, _, role = name.rpartition(".")
    return block, role


def _place(block: str) -> tuple[int, str]:
    number = block.rpartition(".")[2]
    return (int(number) if number.isdecimal() else -1), block


def _measured(story: Story) -> list[str]:
    table = [markdown_table(story.measured)] if story.measured else []
    return ["## What was measured", escaped(story.verdict), *table]


def _told(written: Written) -> list[str]:
    tables = [markdown_table(table) for table in (written.scores, written.samples) if table]
    return ["## What it writes", escaped(written.how), *tables]


def _made(record: AdapterRecord) -> str:
    facts = [] if record.story is None else [f"data: {record.story.task}", f"budget: {record.story.budget:,}"]
    facts += [
        f"seed: {record.seed}",
        f"learning rate: {record.learning_rate:g}",
        f"scaling: {record.scaling.rule}",
        *([] if record.base_bits is None else [f"base model: packed in {counted(record.base_bits, 'bit')}"]),
    ]
    return "\n".join(f"- {escaped(fact)}" for fact in facts)


def _loading(record: AdapterRecord, base: str, loader: Loader, head: Sequence[str]) -> list[str]:
    auto = ARCHITECTURES[record.architecture].auto.__name__
    local = not on_hub(record.base)
    labels, options = _labels(record, loader)
    config = _packing(record, loader, head)
    given = [json.dumps(f"path/to/{base}" if local else base), *options]
    if config:
        given.append("quantization_config=packed")
    among_lines = "\n" + "".join(f"    {one},\n" for one in given)
    snippet = _SNIPPETS[loader].format(
        auto=auto,
        base=", ".join(given) if len(given) <= _INLINE else among_lines,
        comment=_LOCAL if local else "",
        labels=labels,
        packing=", BitsAndBytesConfig" if config else "",
        config=config,
    )
    if loader != "load_adapter":
        return [fenced(snippet, "python")]
    why = (
        "PEFT cannot have all of it" if record.allocation.ranks else "It has no wire, which PEFT cannot load,"
    )
    said = f"{why} and gets no files: the base model takes it by `load_adapter`."
    return [said, fenced(snippet, "python")]


def _labels(record: AdapterRecord, loader: Loader) -> tuple[str, Sequence[str]]:
    """A line that names the labels, and what the base model is loaded with besides.

    PEFT keeps no names of labels, so the base model must be told them; ``load_adapter`` tells it.
    """
    if loader == "transformers" or record.architecture != "sequence_classification":
        return "", ()
    if loader == "load_adapter" or not record.label_names:
        return "", (f"num_labels={record.num_labels}",)
    listed = pformat(list(record.label_names), width=_WIDEST, compact=True)
    line = f"names = {listed}\n".replace("\n ", "\n" + " " * len("names = ["))
    return line, _NAMED


def _packing(record: AdapterRecord, loader: Loader, head: Sequence[str]) -> str:
    """Lines that say how the base model was packed as the adapter was trained over it; empty where it was
    not, and of a merged model."""
    if record.base_bits is None or record.base_bits not in PACKINGS or loader == "transformers":
        return ""
    given = {**PACKINGS[record.base_bits], **({"llm_int8_skip_modules": list(head)} if head else {})}
    lines = "".join(f"    {name}={value!r},\n" for name, value in given.items())
    return f"packed = BitsAndBytesConfig(\n{lines})\n"
