"""Files and models are told by their bytes."""

from __future__ import annotations

import hashlib
import json
import os

import pytest
from huggingface_hub import constants

from evaluators.base.content_digest import file_digest, model_digests


def test_a_file_is_told_by_its_bytes_even_within_one_process(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    before = path.stat()
    assert file_digest(path) == hashlib.sha256(b"abc").hexdigest()
    path.write_bytes(b"abd")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file_digest(path) == hashlib.sha256(b"abd").hexdigest()


def test_a_folder_is_told_by_weights_config_and_tokenizer_whatever_they_are_called(tmp_path):
    read = ["bpe.codes", "config.json", "dict.txt", "merges.txt", "model.safetensors", "prophetnet.tokenizer"]
    read += ["spiece.model", "tokenizer.json", "vocab", "vocab.txt"]
    for name in (*read, "README.md", "pytorch_model.bin", "tf_model.h5", "model.onnx", ".gitattributes"):
        (tmp_path / name).write_text(name)
    (tmp_path / "old.json").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert sorted(model_digests(str(tmp_path))) == read


def test_weights_are_where_the_index_says_and_nowhere_outside_the_folder(tmp_path):
    folder = tmp_path / "model"
    (folder / "shards").mkdir(parents=True)
    (folder / "shards" / "part.safetensors").write_text("weights")
    (folder / "shards" / "other.safetensors").write_text("of nobody")
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": {"a": "shards/part.safetensors"}}))
    known = model_digests(str(folder))
    assert list(known) == [index.name, "shards/part.safetensors"]
    (folder / "shards" / "part.safetensors").write_text("other weights")
    assert model_digests(str(folder)) != known
    (tmp_path / "secret.safetensors").write_text("mine")
    index.write_text(json.dumps({"metadata": {}, "weight_map": {"a": "../secret.safetensors"}}))
    assert list(model_digests(str(folder))) == [index.name]


def test_a_large_file_is_named_before_its_bytes_are_read(tmp_path, caplog):
    caplog.set_level("INFO")
    for name, size in (("large", 200_000_001), ("small", 1_000)):
        with (tmp_path / name).open("wb") as file:
            file.truncate(size)
        file_digest(tmp_path / name)
    assert caplog.messages == [f"checking the bytes of {tmp_path / 'large'} (0.2 GB)"]


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
