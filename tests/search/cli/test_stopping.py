"""Ctrl-C and SIGTERM end a command with the line that goes on, and the line goes on."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from search.cli.command import Command
from search.cli.output_settings import ScreenSettings
from search.cli.stopping import Stopped, stopping
from spaces.errors import InputError
from spaces.foreign import foreign

ROOT = Path(__file__).parents[3]
LONG = 1.0  # seconds, in which a stop comes again more than once


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_stops_and_the_second_would_end_at_once(number):
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    with stopping():
        with pytest.raises(Stopped) as caught:
            signal.raise_signal(number)
        assert caught.value.number == number
        assert {signal.getsignal(one) for one in before} == {signal.SIG_DFL}
    assert {one: signal.getsignal(one) for one in before} == before


@pytest.mark.parametrize(
    ("cause", "raised"), [(Stopped(signal.SIGTERM), Stopped), (ValueError(), ImportError)]
)
def test_an_error_that_a_library_makes_of_a_stop_is_the_stop(cause, raised):
    with pytest.raises(raised), stopping():
        raise ImportError("initialization failed") from cause
    with pytest.raises(Stopped if raised is Stopped else InputError), stopping(), foreign("it", "mend it"):
        raise ImportError("initialization failed") from cause


def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stopping():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


class Dying:
    """Gets a signal while it is collected, where Python prints what is raised and carries on."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)


def lost_in_del() -> None:
    Dying()


def lost_in_a_weak_reference_s_callback() -> None:
    seen = threading.Event()
    _kept = weakref.ref(seen, lambda _: signal.raise_signal(signal.SIGTERM))
    del seen


def dropped_by_a_library() -> None:
    with suppress(BaseException):
        signal.raise_signal(signal.SIGTERM)


def dropped_twice() -> None:
    dropped_by_a_library()
    with suppress(BaseException):
        time.sleep(60)


def made_a_failure_that_is_survived() -> None:
    """An error that was raised for the stop is over once it is handled."""
    try:
        try:
            signal.raise_signal(signal.SIGTERM)
        except BaseException as stop:
            raise OSError from stop
    except OSError:
        pass


LOSSES = (
    lost_in_del,
    lost_in_a_weak_reference_s_callback,
    dropped_by_a_library,
    dropped_twice,
    made_a_failure_that_is_survived,
)


def works_after(lost: Callable[[], None]) -> None:
    with stopping():
        lost()
        time.sleep(60)


@pytest.mark.parametrize("lost", LOSSES, ids=[one.__name__ for one in LOSSES])
def test_a_stop_that_was_lost_comes_again(lost):
    handlers = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    hook = sys.unraisablehook
    with pytest.raises(Stopped) as caught:
        works_after(lost)
    assert caught.value.number == signal.SIGTERM
    assert sys.unraisablehook is hook
    assert {one: signal.getsignal(one) for one in handlers} == handlers
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


class Broken:
    def __del__(self) -> None:
        raise OSError("planted")


def test_other_losses_are_told_as_ever(monkeypatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: told.append(str(what.exc_value)))

    def loses_both() -> None:
        lost_in_del()
        Broken()

    with pytest.raises(Stopped):
        works_after(loses_both)
    assert told == ["planted"]


def test_a_block_that_ends_by_itself_after_a_stop_was_lost_has_ended():
    with stopping():
        dropped_by_a_library()
    time.sleep(LONG)


def cleaned_finally(done: list[str]) -> None:
    try:
        signal.raise_signal(signal.SIGTERM)
    finally:
        time.sleep(LONG)
        done.append("cleaned")


def cleaned_at_the_end_of_a_with(done: list[str]) -> None:
    def clean() -> None:
        time.sleep(LONG)
        done.append("cleaned")

    with ExitStack() as stack:
        stack.callback(clean)
        signal.raise_signal(signal.SIGTERM)


def cleaned_after_an_error_of_the_clean_up(done: list[str]) -> None:
    try:
        signal.raise_signal(signal.SIGTERM)
    finally:
        try:
            Path("no such file").unlink()
        except FileNotFoundError:
            time.sleep(LONG)
        done.append("cleaned")


def cleaned_by_a_generator_that_is_left(done: list[str]) -> None:
    def numbers() -> Iterator[int]:
        try:
            yield 1
        finally:
            time.sleep(LONG)
            done.append("cleaned")

    for _ in numbers():
        signal.raise_signal(signal.SIGTERM)


CLEANINGS = (
    cleaned_finally,
    cleaned_at_the_end_of_a_with,
    cleaned_after_an_error_of_the_clean_up,
    cleaned_by_a_generator_that_is_left,
)


@pytest.mark.parametrize("cleaned", CLEANINGS, ids=[one.__name__ for one in CLEANINGS])
def test_what_is_done_because_of_a_stop_is_not_stopped(cleaned):
    done: list[str] = []
    with pytest.raises(Stopped), stopping():
        cleaned(done)
    assert done == ["cleaned"]


def started(words: list[str], folder: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for(pattern: str, folder: Path, running: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not any(folder.glob(pattern)):
        assert running.poll() is None, running.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(("number", "said"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
def test_the_line_that_is_printed_goes_on_with_what_had_finished(small, tmp_path, number, said):
    """The folder that was chosen by default is in it; words that a shell would act on are quoted."""
    argv = [word for word in small if word not in ("--output", str(tmp_path / "out"))]
    argv = [*argv, "--epochs", "4", "--cohort-size", "1", "--space", "lora[q,v]", "--json"]
    running = started([sys.executable, "-m", "search.run", *argv], tmp_path)
    wait_for("runs/*/candidates/*.json", tmp_path, running)
    running.send_signal(number)
    _, error = running.communicate(timeout=120)
    assert running.returncode == 128 + number
    (line,) = [line for line in error.splitlines() if "goes on" in line]
    (folder,) = (tmp_path / "runs").iterdir()
    command = re.fullmatch(rf"{said}; this goes on: python -m search.run (.*)", line)[1]
    assert shlex.split(command) == [*argv, "--output", str(folder.relative_to(tmp_path))]
    finished = {path: path.stat().st_mtime_ns for path in folder.glob("candidates/*.json")}
    assert 0 < len(finished) < 6
    again = started([sys.executable, "-m", "search.run", *shlex.split(command)], tmp_path)
    wait_for("runs/*/study.db", tmp_path, again)
    kept = {path: path.stat().st_mtime_ns for path in finished if path.exists()}
    assert kept.items() <= finished.items()
    printed, error = again.communicate(timeout=300)
    assert again.returncode == 0, error
    assert json.loads(printed) == json.loads((folder / "result.json").read_text())


def test_the_console_script_is_named_where_it_was_used(small, tmp_path):
    script = tmp_path / "rankscape"
    script.write_text("import sys\nfrom search.cli.rankscape import main\nsys.exit(main())\n")
    running = started([sys.executable, str(script), "run", *small, "--epochs", "99"], tmp_path)
    wait_for("out/study.db", tmp_path, running)
    running.send_signal(signal.SIGTERM)
    _, error = running.communicate(timeout=120)
    assert running.returncode == 143
    assert (
        error.splitlines()[-1] == f"terminated; this goes on: rankscape run {shlex.join(small)} --epochs 99"
    )


def test_a_second_signal_ends_at_once(tmp_path):
    script = """
import signal, sys, time
from search.cli.command import Command
def run(given):
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        print("cleaning up", flush=True)
        time.sleep(60)
sys.exit(Command("wait", "wait", "", "", (), run).main([]))
"""
    running = started([sys.executable, "-c", script], tmp_path)
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    running.send_signal(signal.SIGTERM)
    assert running.stdout.readline() == "cleaning up\n"
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=30)
    assert running.returncode == -signal.SIGTERM


def test_a_command_that_keeps_nothing_does_not_say_that_it_goes_on(capsys):
    def run(given):
        signal.raise_signal(signal.SIGTERM)

    assert Command("look", "look", "", "", (ScreenSettings,), run).main(["--quiet"], prog="look") == 143
    assert capsys.readouterr().err == "terminated; to start again: look --quiet\n"
