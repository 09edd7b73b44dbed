"""A command line as others may see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from search.cli.job_options import JOB
from search.cli.run import RUN
from search.cli.shareable_line import shareable_line
from search.run.settings import SearchSettings


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "rankscape run"),
        (["--budget", "0.5%", "--quiet", "--device", "cpu", "--jobs", "2"], "rankscape run --budget 0.5%"),
        (["--lr", "3e-4", "--proxy", "snip,synflow"], "rankscape run --proxy snip,synflow --lr 0.0003"),
        (["--space", "lora[all]+shortcut"], "rankscape run --space 'lora[all]+shortcut'"),
        (["--model", "me/model"], "rankscape run --model me/model"),
        (["--no-completion-only-loss"], "rankscape run --no-completion-only-loss"),
    ],
)
def test_it_says_what_decides_the_result_and_no_more(words: list[str], line: str) -> None:
    assert shareable_line("rankscape run", (SearchSettings, *JOB), RUN.read(words)) == line


def test_of_files_and_folders_it_says_the_last_name(tmp_path: Path) -> None:
    for name in ("train.tsv", "dev.tsv"):
        (tmp_path / name).write_text("x")
    (tmp_path / "my-model").mkdir()
    files = ["--train-file", str(tmp_path / "train.tsv"), "--eval-file", str(tmp_path / "dev.tsv")]
    given = RUN.read([*files, "--model", str(tmp_path / "my-model"), "--assistant-only-loss"])
    line = shareable_line("rankscape run", (SearchSettings, *JOB), given)
    assert (
        line
        == "rankscape run --model my-model --train-file train.tsv --eval-file dev.tsv --assistant-only-loss"
    )
