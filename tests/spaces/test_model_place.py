"""What is asked of a model's folder or name is answered alike, whatever of it is loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import constants

from evaluators.base.base_model import ModelSource, load_base_model, load_tokenizer
from spaces.errors import InputError
from spaces.meta_model import meta_model
from spaces.model_place import ModelPlace

READERS: dict[str, Callable[[str], object]] = {
    "shapes": meta_model,
    "model": lambda name: load_base_model(ModelSource(name, 2), device="cpu"),
    "tokenizer": load_tokenizer,
}


@pytest.fixture(params=READERS)
def read(request: pytest.FixtureRequest) -> Callable[[str], object]:
    return READERS[request.param]


@pytest.mark.parametrize("name", ["", "./none", "/none/at/all", "a/b/c", "~", "~/none", "no name", __file__])
def test_a_path_that_is_no_folder_is_refused_and_no_hub_asked(
    read: Callable[[str], object], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: pytest.fail("the hub was asked"))
    with pytest.raises(InputError, match="is not a folder; give a model's folder, or a name on the hub"):
        read(name)


def test_a_home_is_written_out(
    read: Callable[[str], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(InputError, match="`model='~/own'` is not a folder"):
        read("~/own")


def test_a_folder_without_config_says_which_to_give(read: Callable[[str], object], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no config\.json; give a folder that save_pretrained wrote"):
        read(str(tmp_path))
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(InputError, match="is a PEFT adapter and no model"):
        read(str(tmp_path))


def test_a_name_the_hub_cannot_be_asked_for_is_one_line(
    read: Callable[[str], object], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    message = (
        "'no-one/nothing' cannot be loaded .* it is neither a folder nor in the cache, and the Hugging Face "
        "hub does not answer: give a local model folder"
    )
    with pytest.raises(InputError, match=message) as caught:
        read("no-one/nothing")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("answers", "local_only"), [(True, False), (False, True)])
def test_a_hub_that_does_not_answer_is_not_asked_again(
    answers: bool, local_only: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Answer:
        def close(self) -> None: ...

    def urlopen(*_: object, **__: object) -> Answer:
        if not answers:
            raise TimeoutError
        return Answer()

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    assert ModelPlace.of("facebook/opt-350m") == ModelPlace("facebook/opt-350m", local_only)
