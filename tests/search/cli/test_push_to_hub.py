"""What is put on the hub, and only where that was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from search.cli.hub_settings import HubSettings
from search.cli.push_to_hub import check_base_named, check_hub_given, push_given
from search.cli.run import main
from spaces.errors import UsageError
from tests.evaluators.adapters.test_hub_upload import Hub


def test_nothing_is_asked_of_the_hub_unless_a_name_was_given(tmp_path: Path) -> None:
    hub = Hub()
    check_hub_given(HubSettings(), hub)
    push_given(tmp_path, HubSettings(), hub)
    assert hub.asked == []


@pytest.mark.parametrize("private", [False, True])
def test_a_repository_is_private_where_that_was_asked_for(tmp_path: Path, private: bool) -> None:
    hub, settings = Hub(), HubSettings("me/adapter", private)
    check_hub_given(settings, hub)
    push_given(tmp_path, settings, hub)
    assert [one[0] for one in hub.asked] == ["whoami", "create_repo", "upload_folder"]
    assert hub.asked[1] == ("create_repo", "me/adapter", private or None, True)


@pytest.mark.parametrize("name", ["a/b/c", "me/", "/x", "-x", "a--b", "a..b", "me/x.git", "me/a b", "x" * 97])
def test_what_is_no_name_on_the_hub_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is no name on the hub; give MODEL or USER/MODEL"):
        HubSettings(name)


def test_private_alone_is_refused() -> None:
    with pytest.raises(UsageError, match="`hub_private_repo` is of `push_to_hub`, which is missing"):
        HubSettings(hub_private_repo=True)


def test_a_run_whose_adapter_could_not_be_put_there_does_not_begin(
    small: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    small[small.index("--model") + 1] = "some/model"
    assert main([*small, "--push-to-hub", "me/adapter"]) == 1
    assert "error: nothing can be put on the hub as me/adapter" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_run_does_not_begin_that_would_publish_the_path_of_its_base(
    small: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*small, "--push-to-hub", "me/adapter"]) == 2
    said = capsys.readouterr().err
    assert "is a folder, whose path would be published" in said
    assert "rankscape export --format peft --model NAME --push-to-hub NAME" in said
    assert not (tmp_path / "out").exists()


def test_a_base_with_a_name_of_its_own_may_be_published() -> None:
    check_base_named(None)
    check_base_named("some/model")
    with pytest.raises(UsageError, match="`model=smollm2` is a folder"):
        check_base_named("smollm2")
