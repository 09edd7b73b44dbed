"""What was written under a name is read under it, or the file is named."""

from __future__ import annotations

import contextlib
import json

import pytest

from evaluators.store.sealed_json import DamagedFileError, read_sealed, write_sealed

CONTENT = {"of": "a", "loss": 0.1 + 0.2, "curve": [1e-300, 3], "none": None, "nested": {"b": [True]}}


def test_what_was_written_is_read(tmp_path):
    write_sealed(tmp_path / "a.json", CONTENT)
    assert read_sealed(tmp_path / "a.json") == CONTENT
    assert json.loads((tmp_path / "a.json").read_text())["loss"] == CONTENT["loss"]


def test_no_flipped_bit_gives_another_content(tmp_path):
    path = tmp_path / "a.json"
    write_sealed(path, CONTENT)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with contextlib.suppress(DamagedFileError):
            assert read_sealed(path) == CONTENT  # a bit of white space


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", "{}", '{"loss": 1}', "[" * 100_000, "1" * 5000, "\0"]
)
def test_what_is_no_sealed_object_is_damaged(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DamagedFileError, match=r"a.json is damaged: it (is no JSON|has no checksum)"):
        read_sealed(tmp_path / "a.json")


def test_what_cannot_be_read_is_said(tmp_path):
    with pytest.raises(DamagedFileError, match=r"a.json cannot be read \(No such file"):
        read_sealed(tmp_path / "a.json")
