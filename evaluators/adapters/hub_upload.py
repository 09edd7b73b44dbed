"""Putting a folder on the Hugging Face hub."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from spaces.errors import InputError
from spaces.foreign import foreign

__all__ = ["HubApi", "check_hub", "upload"]

_log = logging.getLogger(__name__)
_SECRET: Final = re.compile(r"hf_\w+|(?<=//)[^/\s@]+(?=@)|(?<=[Bb]earer )\S+")


class HubApi(Protocol):
    """What is asked of ``huggingface_hub.HfApi``, which knows the token."""

    def whoami(self) -> object: ...

    def create_repo(self, repo_id: str, *, private: bool | None, exist_ok: bool) -> object: ...

    def upload_folder(self, *, repo_id: str, folder_path: str, commit_message: str) -> object: ...


def check_hub(name: str, api: HubApi) -> None:
    """Raises InputError, before work is done for it, where the hub does not answer or know who asks."""
    with _told(f"nothing can be put on the hub as {name}", "log in with hf auth login, or leave it out."):
        api.whoami()


def upload(folder: Path, name: str, api: HubApi, *, private: bool | None = None) -> None:
    """Puts the files of a folder into a model repository, which is made where there is none.

    name: ``model`` or ``user/model``. private: of a new one; None: as the account or organisation has it,
    which is public unless that was changed, as ``push_to_hub`` of transformers does. The folder stays as it
    is. Raises InputError where that fails.
    """
    remedy = f"all of it is in {folder}, which can be uploaded again."
    with _told(f"{name} cannot be put on the hub", remedy):
        api.create_repo(name, private=private, exist_ok=True)
        api.upload_folder(repo_id=name, folder_path=str(folder), commit_message="Upload a Rankscape adapter")
    _log.info("uploaded %s to the hub as %s", folder, name)


@contextmanager
def _told(what: str, remedy: str) -> Iterator[None]:
    """The boundary around the hub's client; what it says is passed on without tokens."""
    try:
        with foreign(what, remedy):
            yield
    except InputError as error:
        raise InputError(_SECRET.sub("***", str(error))) from None
