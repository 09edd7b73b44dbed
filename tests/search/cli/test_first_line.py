"""The first line stands on the screen before anything is imported that takes seconds."""

from __future__ import annotations

import subprocess
import sys

import pytest

from search.cli.output_settings import OutputSettings
from search.cli.rankscape import COMMANDS

SLOW = (
    *("torch", "transformers", "datasets", "sklearn", "scipy", "pandas", "peft", "optuna", "sqlalchemy"),
    *("pyarrow", "matplotlib", "joblib"),
)
WATCHED = f"""
import sys

class FirstLine:
    encoding = "utf-8"

    def write(self, text):
        loaded = [name for name in {SLOW!r} if name in sys.modules]
        sys.stdout.write(f"{{text.strip()}} after {{loaded}}")
        sys.stdout.flush()
        raise SystemExit(0)

    def flush(self):
        pass

    def isatty(self):
        return False

from search.cli.rankscape import main
sys.stderr = FirstLine()
main(sys.argv[1:])
"""


def watched(words: list[str]) -> str:
    """The first line on stderr of a command, and what of SLOW had been imported by then."""
    command = [sys.executable, "-c", WATCHED, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", [name for name, one in COMMANDS.items() if OutputSettings in one.settings])
def test_a_run_says_that_it_has_begun_before_it_imports(name, tmp_path):
    line = watched([name, "--output", str(tmp_path / "out")])
    assert line == f"begun    rankscape {name} after []"


@pytest.mark.parametrize(
    "words",
    [["describe"], ["export", "nowhere"], ["allocate", "--budget", "r=1"]],
    ids=lambda words: words[0],
)
def test_what_only_prints_says_so_too(words):
    line = watched(words)
    assert line.startswith("loading  PyTorch")
    assert line.endswith(" after []")


@pytest.mark.parametrize(
    "words",
    [
        ["rum"],
        *([name, "--budget", "0"] for name in ("run", "study", "compare", "describe", "allocate")),
        *([name, "--space", "nope"] for name in ("run", "study", "compare", "describe", "allocate")),
        ["run", "--ranks", "0;2"],
        ["study", "--budgets", "1M,none"],
        ["study", "--scalings", "alpha"],
        ["compare", "--scalings", "constant,alpha"],
        ["allocate", "--format", "axolotl", "--json"],
        ["export", "--format", "python", "--json"],
        ["run", "--seeds", "0"],
        ["study", "--budgte", "1M"],
        ["run", "--table", "none.parquet"],
        ["study", "--from", "none"],
        ["allocate", "--train-file", "none.tsv"],
        *([name, "--storage", "study.db"] for name in ("run", "study", "compare")),
        *([name, "--study-name", ""] for name in ("run", "study", "compare")),
        ["run", "--quiet", "--trials", "4", "--evaluator", "supernet"],
        ["run", "--quiet", "--trials", "4", "--budget-min", "3M"],
        ["run", "--quiet", "--trials", "4", "--rungs", "9"],
        ["compare", "--quiet", "--preset", "heterolora-table2", "--storage", "study.log"],
    ],
)
def test_a_slip_is_said_before_anything_is_imported(words):
    line = watched(words)
    assert line.startswith("error: ")
    assert line.endswith(" after []")
