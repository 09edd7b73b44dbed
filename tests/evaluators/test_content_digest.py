"""Files and models are told by their bytes."""

from __future__ import annotations

import hashlib
import os

import pytest
from huggingface_hub import constants

from evaluators.content_digest import file_digest, model_digests


def test_a_file_is_told_by_its_bytes_even_within_one_process(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    before = path.stat()
    assert file_digest(path) == hashlib.sha256(b"abc").hexdigest()
    path.write_bytes(b"abd")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file_digest(path) == hashlib.sha256(b"abd").hexdigest()


def test_a_folder_is_told_by_weights_config_and_tokenizer_alone(tmp_path):
    for name in (
        "model.safetensors",
        "config.json",
        "tokenizer.json",
        "vocab.txt",
        "README.md",
        "spiece.model",
    ):
        (tmp_path / name).write_text(name)
    (tmp_path / "old.json").mkdir()
    assert sorted(model_digests(str(tmp_path))) == [
        "config.json",
        "model.safetensors",
        "spiece.model",
        "tokenizer.json",
        "vocab.txt",
    ]


@pytest.mark.parametrize("links", [True, False])
def test_a_name_on_the_hub_is_told_by_the_blobs_of_its_cached_snapshot(tmp_path, monkeypatch, links):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    repository = tmp_path / "models--somebody--small"
    snapshot, blobs = repository / "snapshots" / "c0ffee", repository / "blobs"
    for folder in (snapshot, blobs, repository / "refs"):
        folder.mkdir(parents=True)
    (repository / "refs" / "main").write_text("c0ffee")
    for name in ("config.json", "model.safetensors"):
        (blobs / f"blob-of-{name}").write_text(name)
        if links:
            (snapshot / name).symlink_to(blobs / f"blob-of-{name}")
        else:
            (snapshot / name).write_text(name)
    expected = "blob-of-{}" if links else "c0ffee"
    assert model_digests("somebody/small") == {
        name: expected.format(name) for name in ("config.json", "model.safetensors")
    }


@pytest.mark.parametrize("name", ["somebody/elsewhere", "./nowhere", "/no/such/folder", "a b", ""])
def test_what_is_not_there_is_not_told(name, tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert model_digests(name) == {}
