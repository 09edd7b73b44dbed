"""What a person sees of a live search in optuna-dashboard: asked of its API, and looked at in a browser."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from urllib.request import ProxyHandler, build_opener

import pytest

from search.cli.dashboard import serving
from tests.search.cli.browser import CHROMIUM, rendered
from tests.search.mirror.shown_search import NAME, place_in, shown

pytest.importorskip("optuna_dashboard")


@pytest.fixture(scope="module")
def space(make_space):
    return make_space([(16, 16)] * 6, (0, 1, 2, 4, 8))


@contextmanager
def served(folder):
    """The address of a dashboard over a folder."""
    with serving(folder, port=0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def fetched(address):
    with build_opener(ProxyHandler({})).open(address, timeout=30) as answer:
        return answer.read()


def studies(address):
    found = json.loads(fetched(f"{address}/api/studies"))["study_summaries"]
    return {one["study_name"]: one["study_id"] for one in found}


def asked(address, name):
    return json.loads(fetched(f"{address}/api/studies/{studies(address)[name]}?after=0"))


def test_its_api_tells_of_trials_while_they_run_and_when_all_is_over(space, tmp_path):
    shown(place_in(tmp_path), space, until=6)  # killed there: what a running search has written
    with served(tmp_path) as address:
        during = asked(address, NAME)
        states = [one["state"] for one in during["trials"]]
        assert {"Running", "Pruned"} <= set(states)
        assert during["has_intermediate_values"]
        outcome = shown(place_in(tmp_path), space)
    with served(tmp_path) as address:
        after = asked(address, NAME)
        assert len(after["trials"]) == len(outcome.trials)
        assert "Running" not in {one["state"] for one in after["trials"]}
        assert after["objective_names"] == ["loss"]
        assert after["note"]["body"].startswith("**Yes: ")
        assert [one["id"] for one in after["plotly_graph_objects"]] == ["best-so-far"]
        trial = after["trials"][0]
        assert "a baseline" in trial["note"]["body"]
        (picture,) = [one for one in trial["artifacts"] if one["filename"] == "ranks.png"]
        study, number, file = trial["study_id"], trial["trial_id"], picture["artifact_id"]
        assert fetched(f"{address}/artifacts/{study}/{number}/{file}").startswith(b"\x89PNG")


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)")
def test_its_pages_show_them_in_a_browser(space, tmp_path):
    shown(place_in(tmp_path), space)
    with served(tmp_path) as address:
        study, short = studies(address)[NAME], studies(address)[f"{NAME}, in short"]
        trial = rendered(f"{address}/dashboard/studies/{study}/trials?numbers=0", tmp_path / "a")
        assert "Trial 0" in trial
        assert "a baseline" in trial
        assert "ranks.png" in trial
        analytics = rendered(f"{address}/dashboard/studies/{short}", tmp_path / "b")
        assert "Hyperparameter Importance" in analytics
        assert "share of upper half" in analytics
