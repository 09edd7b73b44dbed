"""The pages are true: what they show runs, in the order in which it stands there."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Final

import pytest

from search.cli.rankscape import COMMANDS, main
from tests.docs.pages import PAGES, blocks_of, steps_of

CANNOT_RUN: Final[Mapping[str, str]] = {  # how it begins -> why not
    "python3 -m venv": "makes the environment that the tests run in",
    "pip install -c": "the same",
    "rankscape --help": "ends the process; tests/search/cli/test_rankscape.py",
    "rankscape dashboard": "serves until it is interrupted; tests/search/cli/test_dashboard.py",
    "rankscape run --task mrpc": "the hub, and a cluster or GPUs",
    "rankscape compare --methods lora,adalora --task mrpc": "the hub, and a cluster",
    "rankscape export runs/llm --format peft --model Qwen": "the hub",
    "dask scheduler": "a cluster; tests/search/test_on_a_cluster.py",
    "CUDA_VISIBLE_DEVICES": "a cluster of GPUs",
    "#!/bin/bash": "Slurm",
    "vllm serve": "a server with a GPU",
    "from dask_jobqueue": "Slurm",
    "from dask_kubernetes": "Kubernetes",
}
LANGUAGES: Final = {"sh", "python", "text", "{toctree}", "{eval-rst}", "{literalinclude}"}


def excused(step: str) -> str | None:
    """How it begins, of what cannot run."""
    return next((begin for begin in CANNOT_RUN if f"{step}\n".startswith(begin)), None)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_every_line_of_python_runs(page, workplace, monkeypatch, capsys):
    monkeypatch.chdir(workplace)
    names: dict[str, object] = {}
    for kind, step in steps_of(page):
        if excused(step):
            continue
        if kind == "python":
            exec(compile(step, page, "exec"), names)
        else:
            program, *words = shlex.split(step)
            assert program == "rankscape", f"{step} is no command of ours; name it in CANNOT_RUN"
            assert main([*words, "--quiet"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("page", PAGES)
def test_a_command_that_cannot_run_here_is_one_that_can_be_typed(page, workplace, monkeypatch):
    monkeypatch.chdir(workplace)
    for _, step in steps_of(page):
        if excused(step) and step.startswith("rankscape "):
            name, *words = shlex.split(step)[1:]
            if name in COMMANDS:
                assert COMMANDS[name].read(words).names


def test_nothing_is_excused_that_no_page_shows():
    used = {excused(step) for page in PAGES for _, step in steps_of(page)}
    assert used - {None} == CANNOT_RUN.keys()


def test_every_block_says_what_it_is():
    """So that none is left out because it is called ``bash`` or ``py``."""
    assert {block.language for page in PAGES for block in blocks_of(page)} <= LANGUAGES
