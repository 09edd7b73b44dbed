"""What the pages take for granted: a model and files of one's own, in the folder where one works."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from filelock import FileLock
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from tests.docs.pages import DOCS

GOOD: Final = ("lovely", "fresh", "moving")
BAD: Final = ("dull", "stale", "clumsy")
OTHERS: Final = ("a", "film", "plot", "cast", "the", "with", "and", "its")
WORDS: Final = ("<end>", "<pad>", "<unk>", "Is", "this", "good?", "yes", "no", *OTHERS, *GOOD, *BAD)


@pytest.fixture
def workplace(tiny_model, tiny_language_model, tmp_path) -> Path:
    """A folder with ``my-model``, a classifier, and ``my-llm``, and files of rows for each."""
    sizes = {"vocab_size": len(WORDS), "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 0}
    saved(tiny_model("bert", **sizes), tmp_path / "my-model")
    saved(tiny_language_model("llama", **sizes), tmp_path / "my-llm")
    rng = np.random.default_rng(0)
    for name, count in (("train", 96), ("dev", 48)):
        rows = [row(rng) for _ in range(count)]
        table = ["sentence\tlabel", *(f"{text}\t{int(label)}" for text, label in rows)]
        (tmp_path / f"{name}.tsv").write_text("\n".join(table))
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(asked, rows)))
    return tmp_path


def saved(model: PreTrainedModel, folder: Path) -> None:
    """The model with a tokenizer of whole words, as both would be saved by anybody."""
    model.save_pretrained(folder)
    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    special = {"eos_token": "<end>", "pad_token": "<pad>", "unk_token": "<unk>"}
    PreTrainedTokenizerFast(tokenizer_object=words, **special).save_pretrained(folder)


def row(rng: np.random.Generator) -> tuple[str, bool]:
    """A sentence, and whether it praises."""
    praises = bool(rng.integers(2))
    words = [*rng.choice(OTHERS, 5), rng.choice(GOOD if praises else BAD)]
    return " ".join(map(str, rng.permutation(words))), praises


def asked(labelled: tuple[str, bool]) -> str:
    """The same as a prompt and its completion."""
    text, praises = labelled
    return json.dumps({"prompt": f"{text} Is this good?", "completion": " yes" if praises else " no"})


_REFUSING: Final = """
import socket, sys

def refuse(*_):
    raise OSError("the documentation is built without a network")

socket.socket.connect = socket.getaddrinfo = refuse
from sphinx.cmd.build import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="session")
def site(tmp_path_factory, worker_id) -> Path:
    """The documentation as ``make docs`` builds it, without a network; once for all processes."""
    own = tmp_path_factory.getbasetemp()
    folder = ((own if worker_id == "master" else own.parent) / "site").resolve()
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            words = ["-W", "--keep-going", "-q", str(DOCS), str(folder)]
            done = subprocess.run([sys.executable, "-c", _REFUSING, *words], capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
    return folder
