"""A disk that fills up: one line, exit code 1, and the same command goes on where there is room."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from search.cli.compare import main as compare
from search.cli.run import main as run
from search.cli.study import main as study

KILOBYTES = (8, 24, 64, 100, 160, 240, 360, 520, 800, 16_000)
TIMES = ("seconds", "overhead", "peak_memory", "output", "costs")
RULE = ["--scaling", "alpha/r"]  # one alone, so that there is little to train
COMMANDS: dict[str, tuple[Callable[[list[str]], int], list[str]]] = {
    "run": (run, ["--proposals", "4", "--finalists", "2"]),
    "trials": (
        run,
        ["--trials", "3", "--rungs", "1", "--at-once", "2", "--finalists", "1", "--lr", "1e-2", *RULE],
    ),
    "study": (study, ["--allocations", "6", "--proxy", "grad_norm,snip", "--lr", "1e-2"]),
    "compare": (compare, ["--methods", "lora,head", "--space", "lora[q,v]"]),
}


@pytest.fixture
def disk(tmp_path) -> Iterator[Callable[[int], Path]]:
    """A function that gives a disk of so many kilobytes, the same one at every call."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def resized(kilobytes: int) -> Path:
        again = ["-o", "remount"] if folder.is_mount() else []
        options = ["-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs"]
        done = subprocess.run(["mount", *again, *options, str(folder)], capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"no disk may be mounted here: {done.stderr.decode().strip()}")
        return folder

    yield resized
    if folder.is_mount():
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def without_times(value: object) -> object:
    if isinstance(value, dict):
        return {key: without_times(inner) for key, inner in value.items() if key not in TIMES}
    return [without_times(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk_is_one_line_and_the_same_command_goes_on(command, small, disk, tmp_path, capsys):
    main, own = COMMANDS[command]
    shared = [*small[: small.index("--proposals")], *small[small.index("--seeds") :]]
    argv = [*shared, *own, "--seeds", "1", "--cohort-size", "1", "--json", "--output"]
    assert main([*argv, str(tmp_path / "whole")]) == 0
    whole = without_times(json.loads(capsys.readouterr().out))
    failures = 0
    for kilobytes in KILOBYTES:
        out = disk(kilobytes) / "out"
        finished = set(out.rglob("candidates/*.json"))
        code = main([*argv, str(out)])
        captured = capsys.readouterr()
        if code == 0:
            break
        failures += 1
        assert code == 1
        (line,) = captured.err.splitlines()
        assert line.startswith("error: ")
        assert "cannot be written" in line
        assert str(out) in line
        assert finished <= set(out.rglob("candidates/*.json"))
    assert failures > 3
    assert without_times(json.loads(captured.out)) == whole
