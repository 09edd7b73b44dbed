"""What the README quotes of the demo is what is committed of it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_demo_s_output_is_quoted_as_it_was_printed() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    quoted = readme.partition("and prints, for example:\n")[2].partition("\nOn the validation rows")[0]
    printed = (ROOT / "results" / "demo" / "output.txt").read_text(encoding="utf-8")
    assert len(quoted.split()) > 60
    assert " ".join(quoted.split()) in " ".join(printed.split())
