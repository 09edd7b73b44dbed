"""Rows to report on are no rows to train on."""

from __future__ import annotations

from pathlib import Path

from benchmarks.evidence.held_out import hold_out
from evaluators.data.read_table import read_table
from evaluators.data.text_table import TextTable


def texts(path: Path) -> list[tuple[str, ...]]:
    table = read_table(path)
    assert isinstance(table, TextTable)
    return list(table.texts)


def test_every_row_is_on_one_side_and_equal_texts_are_together(tmp_path: Path) -> None:
    rows = [(f'film "{i % 400}", é', str(i % 2)) for i in range(600)]
    lines = [f"{text if i < 400 else text.upper()}\t{label}" for i, (text, label) in enumerate(rows)]
    (tmp_path / "all.tsv").write_text("\n".join(["sentence\tlabel", *lines]))
    train, report = (texts(path) for path in hold_out(tmp_path / "all.tsv", tmp_path / "work"))
    assert sorted(train + report) == sorted(texts(tmp_path / "all.tsv"))
    assert 10 < len(report) < 60
    assert not {row[0].lower() for row in train} & {row[0].lower() for row in report}


def test_pairs_stay_pairs(tmp_path: Path) -> None:
    lines = [f"a {i}\tb {i}\t{i % 2}" for i in range(80)]
    (tmp_path / "pairs.tsv").write_text("\n".join(["sentence1\tsentence2\tlabel", *lines]))
    _, report = hold_out(tmp_path / "pairs.tsv", tmp_path)
    assert all(first[2:] == second[2:] for first, second in texts(report))
