"""The model card of an adapter's folder: a README.md that the hub reads, and people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from evaluators.base.architectures import ARCHITECTURES
from spaces.allocation import Allocation
from spaces.counted import counted
from spaces.objective import Architecture
from spaces.printable import printable

from .adapter_record import AdapterRecord
from .markdown import escaped, fenced, markdown_table
from .story import Story, Written

__all__ = ["MODEL_CARD", "Loader", "model_card"]

MODEL_CARD: Final = "README.md"
Loader = Literal["peft", "load_adapter", "transformers"]
"""What loads a folder: PEFT alone, this program, or, a merged model, transformers alone."""

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
from transformers import {auto}

base = {auto}.from_pretrained({base})
model = PeftModel.from_pretrained(base, "path/to/this/folder")
""",
        "load_adapter": """\
from pathlib import Path

from evaluators.adapters.adapter import load_adapter
from transformers import {auto}

model = {auto}.from_pretrained({base})
attached = load_adapter(Path("path/to/this/folder"), model)  # attached.detach() takes it off again
""",
        "transformers": """\
from transformers import {auto}

model = {auto}.from_pretrained("path/to/this/folder")
""",
    }
)


def model_card(record: AdapterRecord, loader: Loader, *, note: str = "") -> str:
    """The text of the card: front matter as PEFT writes it, the ranks, what was measured, how it is loaded.

    note: what differs from the adapter as it was trained. No path of a machine stands in it: of a base model
    in a folder, the folder's own name does.
    """
    base = _name_of(record.base)
    on, what = counted(len(record.allocation.ranks), "site"), counted(record.wire_params, "parameter")
    head = f", and a head of {record.head_params:,}" if record.head_params else ""
    said = f"Low-rank adapters for {escaped(base)}: {what} at {on}{head}. Rankscape chose the ranks."
    parts = [
        _front_matter(record, base, loader),
        "# Where the adapters are",
        said,
        *([escaped(note)] if note else []),
        markdown_table(_rank_map(record.allocation)),
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
        *_loading(record, base, loader),
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(record: AdapterRecord, base: str, loader: Loader) -> str:
    """As ``PeftModel.create_or_update_model_card`` has it; quoted as JSON does, which YAML reads."""
    tags = ["rankscape"] if loader == "transformers" else [f"base_model:adapter:{base}", "lora", "rankscape"]
    lines = [
        f"base_model: {json.dumps(base)}",
        f"library_name: {_LIBRARIES[loader]}",
        f"pipeline_tag: {_PIPELINES[record.architecture]}",
        "tags:",
        *(f"- {json.dumps(tag)}" for tag in tags),
    ]
    return "\n".join(["---", *lines, "---"])


def _rank_map(allocation: Allocation) -> list[tuple[str, ...]]:
    """A row for each block that has a wire, a column for each role that is one's."""
    ranks = [(*name.rpartition(".")[::2], str(rank)) for name, rank in allocation.ranks]
    blocks = sorted({block for block, _, _ in ranks}, key=_place)
    roles = sorted({role for _, role, _ in ranks})
    known = {(block, role): rank for block, role, rank in ranks}
    rows = [(block, *(known.get((block, role), "") for role in roles)) for block in blocks]
    return [("rank", *roles), *rows]


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
    ]
    return "\n".join(f"- {escaped(fact)}" for fact in facts)


def _loading(record: AdapterRecord, base: str, loader: Loader) -> list[str]:
    auto = ARCHITECTURES[record.architecture].auto.__name__
    labels = f", num_labels={max(1, len(record.label_names))}" if loader != "transformers" else ""
    given = json.dumps(base) + (labels if record.architecture == "sequence_classification" else "")
    snippet = fenced(_SNIPPETS[loader].format(auto=auto, base=given), "python")
    if loader != "load_adapter":
        return [snippet]
    return ["PEFT cannot have all of it, so the base model takes it by `load_adapter`.", snippet]


def _name_of(base: str) -> str:
    """A name on the hub as it is; of a folder, its own name."""
    folder = Path(base)
    local = folder.is_absolute() or base.startswith((".", "~")) or base.count("/") > 1 or folder.is_dir()
    return printable(folder.resolve().name if local else base)
