"""What is asked of the hub, and what is said where it refuses."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from evaluators.adapters.hub_upload import check_hub, upload
from spaces.errors import InputError

TOKEN = "hf_AbCdEfGhIjKlMnOpQrStUvWxYz"


class Hub:
    """Stands in for ``HfApi``: notes what is asked, and fails where it is told to."""

    def __init__(self, fails: str = "") -> None:
        self.asked: list[tuple[object, ...]] = []
        self._fails = fails

    def _note(self, name: str, *given: object) -> None:
        if name == self._fails:
            raise PermissionError(f"403 for Bearer {TOKEN} at https://me:pass@hub\nno rights")
        self.asked.append((name, *given))

    def whoami(self) -> object:
        self._note("whoami")
        return {"name": "me"}

    def create_repo(self, repo_id: str, *, private: bool | None, exist_ok: bool) -> object:
        return self._note("create_repo", repo_id, private, exist_ok)

    def upload_folder(self, *, repo_id: str, folder_path: str, commit_message: str) -> object:
        return self._note("upload_folder", repo_id, sorted(p.name for p in Path(folder_path).iterdir()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "README.md").write_text("a card")
    return tmp_path


@pytest.mark.parametrize("private", [None, True])
def test_a_repository_is_made_and_gets_the_folder(folder: Path, private: bool | None) -> None:
    hub = Hub()
    upload(folder, "me/adapter", hub, private=private)
    assert hub.asked == [
        ("create_repo", "me/adapter", private, True),
        ("upload_folder", "me/adapter", ["README.md"]),
    ]


@pytest.mark.parametrize("fails", ["create_repo", "upload_folder"])
def test_where_that_fails_the_folder_stays_and_no_token_is_told(
    folder: Path, fails: str, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(InputError, match="me/adapter cannot be put on the hub") as error,
    ):
        upload(folder, "me/adapter", Hub(fails))
    said = f"{error.value}{caplog.text}"
    assert "403" in said
    assert str(folder) in said
    assert TOKEN not in said
    assert "pass" not in said
    assert "\n" not in str(error.value)
    assert (folder / "README.md").read_text() == "a card"


def test_who_is_not_known_there_hears_it_before_any_work() -> None:
    check_hub("me/adapter", Hub())
    with pytest.raises(InputError, match=r"nothing can be put on the hub as me/adapter .*; log in"):
        check_hub("me/adapter", Hub("whoami"))
