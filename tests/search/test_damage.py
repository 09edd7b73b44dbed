"""Every file that a run leaves, damaged in every way: the result is the undisturbed one, or a line says."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from pyarrow import parquet

from evaluators.store.whole_file import unfinished_path
from search.cli.run import main
from search.cli.study import main as study_main
from spaces.errors import InputError

MEASURED = ("seconds", "peak_memory", "output")


def without_times(value: object) -> object:
    """What must be equal, bit by bit, however a run came to its end."""
    if isinstance(value, dict):
        return {key: without_times(inner) for key, inner in value.items() if key not in MEASURED}
    return [without_times(inner) for inner in value] if isinstance(value, list) else value


def ended(capsys, argv: list[str], command: Callable[[Sequence[str]], int] = main) -> object:
    assert command([*argv, "--json"]) == 0
    return without_times(json.loads(capsys.readouterr().out))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def other_number(path: Path) -> None:
    """Well-formed JSON with a better metric."""
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "metric": 1.0, "loss": 0.0}))


def swap(one: Path, other: Path) -> None:
    contents = one.read_bytes(), other.read_bytes()
    one.write_bytes(contents[1])
    other.write_bytes(contents[0])


def test_candidates_that_were_damaged_are_trained_again_and_named(small, capsys, tmp_path, watched, caplog):
    argv = [*small, "--cohort-size", "1"]
    undisturbed = ended(capsys, [*argv, "--output", str(tmp_path / "whole")])
    watched.after = refuse
    assert watched.run(argv) == 1
    watched.after = lambda: None
    candidates = sorted((tmp_path / "out" / "candidates").glob("*.json"))
    assert len(candidates) == 6
    tensors = [path.with_suffix(".safetensors") for path in candidates]
    cut(candidates[0])
    zero(candidates[1])
    other_number(candidates[2])
    flip(tensors[3])
    swap(tensors[4], tensors[5])
    watched.trained.clear()
    caplog.clear()
    assert ended(capsys, argv, watched.run) == undisturbed
    assert len(watched.trained) == 6
    for path in (*candidates[:3], *tensors[3:]):
        assert str(path) in caplog.text


def test_killed_at_every_file_in_turn_a_run_ends_as_if_it_had_not_been(small, capsys, tmp_path, monkeypatch):
    """Each start writes one file more than the one before it, and is killed at the next, half done."""
    argv = [*small, "--cohort-size", "1", "--seeds", "1"]
    undisturbed = ended(capsys, [*argv, "--output", str(tmp_path / "whole")])
    replace, written = os.replace, []

    def killed(unfinished, path):
        if len(written) == starts:
            whole = Path(unfinished)
            unfinished_path(Path(path), "part").write_bytes(whole.read_bytes()[:9])
            raise KeyboardInterrupt
        written.append(path)
        replace(unfinished, path)

    starts = 0
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        while main([*argv, "--json"]) == 130 and starts < 30:
            starts += 1
            written.clear()
            capsys.readouterr()
    assert starts == 7  # at the record, the study's tables, its files, tensors, a candidate, the end
    capsys.readouterr()
    assert ended(capsys, argv) == undisturbed
    names = {path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*")}
    assert names == {path.relative_to(tmp_path / "whole") for path in (tmp_path / "whole").rglob("*")}


def refuse() -> None:
    raise InputError("no space left")


def test_a_record_or_result_of_another_run_is_refused(small, capsys, tmp_path):
    """The files of two finished runs, changed for one another."""
    ended(capsys, small)
    others = [*small, "--seed", "7", "--output", str(tmp_path / "other")]
    ended(capsys, others)
    swap(tmp_path / "out" / "result.json", tmp_path / "other" / "result.json")
    assert main(small) == 1
    assert f"{tmp_path / 'out' / 'result.json'} is damaged" in capsys.readouterr().err
    swap(tmp_path / "out" / "options.json", tmp_path / "other" / "options.json")
    assert main(small) == 2
    assert "with other options (--seed)" in capsys.readouterr().err


@pytest.mark.parametrize("damage", [cut, zero, flip])
def test_files_of_a_finished_run_are_as_they_were_or_named(small, capsys, tmp_path, damage, caplog):
    argv, out = [*small, "--finalists", "1", "--seeds", "1"], tmp_path / "out"
    undisturbed = ended(capsys, argv)
    shutil.copytree(out, tmp_path / "whole")
    names = [path.relative_to(out) for path in sorted(out.rglob("*")) if path.is_file()]
    assert len(names) > 8
    for name in names:
        if str(name) in (".lock", "study.db"):  # says nothing; is for optuna-dashboard to write into
            continue
        damage(out / name)
        caplog.clear()
        code = main([*argv, "--json"])
        captured = capsys.readouterr()
        if str(name) in ("options.json", "result.json"):
            assert code in (1, 2), name
            (line,) = captured.err.splitlines()
            assert str(out / name) in line
        else:
            assert code == 0
            assert without_times(json.loads(captured.out)) == undisturbed
            assert f"{out / name} is not what its run wrote" in caplog.text
        shutil.copyfile(tmp_path / "whole" / name, out / name)


def rows(folder: Path) -> object:
    return without_times(parquet.read_table(folder / "table.parquet").to_pylist())


def test_what_a_study_lost_is_scored_and_trained_again(small, capsys, tmp_path, watched, caplog):
    shared = [*small[: small.index("--proposals")], *small[small.index("--seeds") :]]  # with search.run
    argv = [*shared, "--allocations", "6", "--seeds", "1", "--cohort-size", "1", "--lr", "1e-2"]
    argv += ["--proxy", "grad_norm,snip,plain", "--scoring-batches", "2"]
    assert study_main(argv) == 0
    out = tmp_path / "out"
    undisturbed, report = rows(out), json.loads((out / "report.json").read_text())
    scores, candidates = (sorted((out / kind).glob("*.json")) for kind in ("scores", "candidates"))
    assert (len(scores), len(candidates)) == (3, 6)
    for damage, path in zip((cut, zero, other_number), scores, strict=True):
        damage(path)
    cut(candidates[0])
    swap(candidates[1], candidates[2])
    for name in ("table.parquet", "report.json", "report.html"):
        zero(out / name)
    caplog.clear()
    assert watched.study(argv) == 0
    assert rows(out) == undisturbed
    again = json.loads((out / "report.json").read_text())
    assert again["reports"] == report["reports"]
    assert len(watched.trained) == 3
    for path in (*scores, *candidates[:3]):
        assert str(path) in caplog.text
