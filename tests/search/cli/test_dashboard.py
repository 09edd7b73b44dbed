"""A run's study is shown on the loopback address until Ctrl-C, and by nobody else's leave."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import optuna
import pytest

from search.cli.dashboard import main, serving
from search.storage.sqlite_file import sqlite_url

pytest.importorskip("optuna_dashboard")


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """A folder with an odd name and a study of two trials."""
    folder = tmp_path / "a b%20{c}"
    folder.mkdir()
    storage = optuna.storages.RDBStorage(sqlite_url(folder / "study.db"))
    study = optuna.create_study(study_name="proposals", storage=storage)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    storage.remove_session()
    storage.engine.dispose()
    return folder


def asked(address: str) -> dict:
    """What the dashboard's own API answers, without a proxy."""
    with build_opener(ProxyHandler({})).open(f"{address}api/studies", timeout=20) as answer:
        return json.load(answer)


def test_the_dashboard_s_api_tells_of_the_run_s_study(run_folder):
    with serving(run_folder, port=0) as server:
        assert server.server_address[0] == "127.0.0.1"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = asked(f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()
    assert [study["study_name"] for study in found["study_summaries"]] == ["proposals"]


def test_the_command_prints_the_address_at_once_and_ends_with_ctrl_c(run_folder):
    words = [sys.executable, "-m", "search.cli.dashboard", str(run_folder), "--port", "0"]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    address = running.stdout.readline().split()[0]
    assert asked(address)["study_summaries"]
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err) == (0, "ended\n", "loading  optuna-dashboard\n")


def test_without_a_folder_it_is_the_latest_run_s(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([]) == 1
    assert capsys.readouterr().err == "error: there is no runs/*/study.db here; give the folder of a run.\n"


@pytest.mark.parametrize(
    ("place", "says"), [("nowhere", "nowhere is no folder; give that of a run"), (".", ". has no study.db")]
)
def test_a_folder_without_a_study_is_refused(place, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([place]) == 1
    assert capsys.readouterr().err.startswith(f"error: {says}")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("address", ["sqlite:///gone.db", "gone.log"])
def test_a_storage_that_is_not_there_is_refused_and_not_made(address, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["--storage", address, "--port", "0"]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: --storage is not there; give")
    assert not list(tmp_path.iterdir())


def test_a_folder_beside_a_storage_is_one(run_folder, capsys):
    storage = sqlite_url(run_folder / "study.db")
    assert main([str(run_folder / "gone"), "--storage", storage, "--port", "0"]) == 1
    assert "is no folder; give that of a run" in capsys.readouterr().err


def test_a_run_whose_study_has_not_begun_is_said_to_be_one(tmp_path, capsys):
    (tmp_path / "options.json").write_text("{}")
    assert main([str(tmp_path), "--port", "0"]) == 1
    assert "is a run's whose study has not begun, as a comparison's does" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["options.json"]


@pytest.mark.parametrize("content", [b"", b"no database at all, " * 300, b"SQLite format 3\0" + b"x" * 5000])
def test_a_study_that_is_damaged_is_one_line_and_stays_as_it_is(content, tmp_path, capsys):
    (tmp_path / "study.db").write_bytes(content)
    assert main([str(tmp_path), "--port", "0"]) == 1
    *_, line = capsys.readouterr().err.splitlines()
    assert line.startswith(
        f"error: {tmp_path / 'study.db'} cannot be read as a study: it is empty or damaged; give"
    )
    assert (tmp_path / "study.db").read_bytes() == content


def test_a_port_that_is_taken_is_said_to_be(run_folder, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main([str(run_folder), "--port", str(port)]) == 1
    assert f"--port {port} cannot be had" in capsys.readouterr().err


def test_a_port_that_is_taken_is_found_out_before_anything_is_loaded(run_folder):
    """In a process of its own: which modules are loaded tells."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        code = (
            "import sys; from search.cli.dashboard import main; "
            f"print(main([{str(run_folder)!r}, '--port', '{other.getsockname()[1]}'])); "
            "print({'optuna', 'optuna_dashboard'} & set(sys.modules))"
        )
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ran.stdout == "1\nset()\n"
