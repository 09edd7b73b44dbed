"""Every command refuses every other's folder and changed inputs, and leaves what it refuses as it was."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from search.cli.compare import main as compare
from search.cli.run import main as run
from search.cli.study import main as study

COMMANDS: dict[str, tuple[Callable[[list[str]], int], list[str]]] = {
    "search.run": (run, ["--proposals", "1", "--finalists", "1"]),
    "search.study": (study, ["--allocations", "4", "--proxy", "grad_norm", "--scoring-batches", "1"]),
    "search.compare": (compare, ["--methods", "head", "--space", "lora[q,v]"]),
    "a preset": (compare, ["--preset", "dylora-table2", "--dataset", "mrpc"]),
}


@pytest.fixture
def shared(small) -> list[str]:
    """What all commands take of a command line that ends within seconds; the folder comes last."""
    argv = [*small[: small.index("--proposals")], *small[small.index("--seeds") :]]
    place = argv.index("--output")
    return [*argv[:place], *argv[place + 2 :], "--seeds", "1", "--output"]


def contents(path: Path) -> dict[str, bytes]:
    return {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}


def without_budget(argv: list[str]) -> list[str]:
    """A preset has its own."""
    place = argv.index("--budget")
    return [*argv[:place], *argv[place + 2 :]]


def typed(command: str, shared: list[str], out: Path) -> list[str]:
    own = COMMANDS[command][1]
    return [*own, *(without_budget(shared) if command == "a preset" else shared), str(out)]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_is_refused_to_other_commands_and_once_its_inputs_change(
    command, shared, tmp_path, capsys, files, model_folder
):
    out, main = tmp_path / "out", COMMANDS[command][0]
    data = tmp_path / "data"
    shutil.copytree(files, data)
    shared = [word.replace(str(files), str(data)) for word in shared]
    assert main(typed(command, shared, out)) == 0
    before = contents(out)
    capsys.readouterr()
    for other in COMMANDS.keys() - {command}:
        assert COMMANDS[other][0](typed(other, shared, out)) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert f"{out} holds a run " in line
        assert contents(out) == before
    for name in (data / "train.tsv", data / "dev.tsv", *sorted(model_folder.glob("*.*"))):
        whole, times = name.read_bytes(), name.stat()
        name.write_bytes(whole + b" ")
        os.utime(name, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert main(typed(command, shared, out)) == 1
        assert f"error: {name} changed since the run in {out} began" in capsys.readouterr().err
        assert contents(out) == before
        name.write_bytes(whole)
    assert main(typed(command, shared, out)) == 0


def test_a_preset_s_folder_is_of_what_was_typed_over_the_paper_s_settings(shared, tmp_path, capsys):
    """The paper's batch is not the command's default, which is what ``--batch-size`` is typed as here."""
    argv = typed("a preset", shared, tmp_path / "out")
    place = argv.index("--batch-size")
    assert compare([*argv[:place], "--batch-size", "16", *argv[place + 2 :]]) == 0
    before = contents(tmp_path / "out")
    capsys.readouterr()
    assert compare([*argv[:place], *argv[place + 2 :]]) == 2
    assert "a run with other options (`typed`)" in capsys.readouterr().err
    assert contents(tmp_path / "out") == before


def test_a_table_is_told_by_its_bytes(shared, tmp_path, capsys):
    assert study(typed("search.study", shared, tmp_path / "study")) == 0
    table = tmp_path / "study" / "table.parquet"
    argv = ["--table", str(table), "--proposals", "1", "--finalists", "1", "--quiet", "--proxy", "grad_norm"]
    assert run([*argv, "--output", str(tmp_path / "found")]) == 0
    assert run([*argv, "--output", str(tmp_path / "found")]) == 0
    table.write_bytes(table.read_bytes()[:-1])
    capsys.readouterr()
    assert run([*argv, "--output", str(tmp_path / "found")]) == 1
    assert f"error: {table} changed since the run in" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["search.study", "search.compare"])
def test_a_folder_may_have_any_name_and_nothing_in_it_acts_on_a_terminal(command, shared, tmp_path, capsys):
    """(``search.run`` too, but for its SQLite file.)"""
    out = tmp_path / "disk" / "a?b%20c#d{e}$f$'g\"h\ni\x1b[31mj &k"
    argv = typed(command, [word for word in shared if word != "--quiet"], out)
    for _ in range(2):
        assert COMMANDS[command][0](argv) == 0
        assert [path.name for path in (tmp_path / "disk").iterdir()] == [out.name]
        assert "\x1b" not in capsys.readouterr().out
    (out / "options.json").unlink()
    assert COMMANDS[command][0](argv) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert line.isprintable()
