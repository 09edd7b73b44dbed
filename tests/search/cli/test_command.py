"""What a command says of errors that are no fault of what was typed."""

from __future__ import annotations

import pytest
import torch

from search.cli.command import Command
from search.cli.output_settings import ScreenSettings
from search.job.settings import MachineSettings, ModelSettings, ScoringSettings


def command_that_raises(error: Exception) -> Command:
    def run(given):
        raise error

    settings = (ScreenSettings, ModelSettings, ScoringSettings, MachineSettings)
    return Command("name", "search.name", "Does it.", "", settings, run)


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("planted\nand more"), RuntimeError("can't allocate memory"), MemoryError()],
)
def test_running_out_of_memory_is_one_line_with_what_to_lower(error, capsys):
    assert command_that_raises(error).main([]) == 1
    said = capsys.readouterr().err
    first = str(error).partition("\n")[0] or "MemoryError"
    assert said.startswith(f"error: memory ran out ({first}); choose a smaller --cohort-size, which")
    assert "--scoring-batch-size" in said
    assert said.count("\n") == 1


def test_any_other_error_is_a_traceback():
    with pytest.raises(RuntimeError, match="size mismatch"):
        command_that_raises(RuntimeError("size mismatch")).main([])
