"""``rankscape run --join``: drivers share a search; nobody trains what another has, and nothing is lost."""

from __future__ import annotations

import json
import signal
import time
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest

from evaluators.store.ledger import Ledger
from search.cli.run import RUN
from search.folder.folder_record import FolderRecord
from search.folder.provenance import Provenance
from search.live.finals import AllFailedError
from search.mirror.study_place import StudyPlace
from search.run.company import Alone
from search.run.finalists_mirror import FINALISTS
from search.run.joined import Joined, company_of
from search.run.record import SearchRecord
from search.run.settings import SEARCH_MAY_GROW
from search.shared.join_settings import JoinSettings
from search.shared.lead import failures_told
from search.shared.shared_work import shared_work
from search.storage.opened_storage import opened_storage
from spaces.errors import UsageError
from tests.forked_processes import exit_code_of, forked_processes, wait_for
from tests.search.run.shared_driver import SharedDriver, claimed, claims_of
from tests.search.storage.postgresql import MISSING, PostgresServer
from tests.search.watched import Watched

LIVE = ["--space", "lora[q,v]", "--trials", "4", "--rungs", "1", "--at-once", "4", "--finalists", "1"]
CHOICES = ["--lr", "1e-2", "--proxy", "grad_norm", "--cohort-size", "1", "--seeds", "1"]
CHOICES += ["--scalings", "alpha/r"]
NAME = "tiny"
TIMES = {"command", "study", "seconds", "peak_memory", "output", "held_by"}


def line(small: list[str], folder: Path, storage: str | None = None, *more: str) -> list[str]:
    """The command of one driver. folder: of its own."""
    shared = [] if storage is None else ["--storage", storage, "--study-name", NAME, "--join"]
    beats = [] if storage is None else ["--heartbeat", "2"]
    return [*small, "--output", str(folder), *LIVE, *CHOICES, *shared, *beats, *more]


def timeless(value):
    """JSON without what no two runs share."""
    if isinstance(value, dict):
        return {name: timeless(one) for name, one in value.items() if name not in TIMES}
    return [timeless(one) for one in value] if isinstance(value, list) else value


def told(storage: str) -> list[tuple[str, str]]:
    """Every leg that somebody told of, as often as it was told: trial and step."""
    return [
        (one.user_attrs["what"], name)
        for one in claims_of(NAME, storage)
        for name in one.user_attrs
        if name.startswith("step ")
    ]


@contextmanager
def on_postgresql():
    if MISSING is not None:
        pytest.skip(MISSING)
    pytest.importorskip("psycopg", reason="psycopg is an extra")
    with PostgresServer.running() as server:
        yield server


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_driver_is_killed_and_the_server_restarts_and_the_result_is_that_of_one(kind, small, tmp_path):
    server_of = on_postgresql() if kind == "postgresql" else nullcontext()
    with server_of as server, forked_processes() as begin:
        storage = f"sqlite:///{tmp_path / 'shared.db'}" if server is None else server.url
        alone = SharedDriver(line(small, tmp_path / "alone"), tmp_path / "of alone")
        first = SharedDriver(line(small, tmp_path / "a", storage), tmp_path / "of a", 6, (NAME, storage))
        second = SharedDriver(line(small, tmp_path / "b", storage), tmp_path / "of b")
        killed = begin(first)  # in its second wave
        wait_for(lambda: len(claimed(NAME, storage, "trial")) == 4)
        processes = [begin(second), begin(alone)]
        assert exit_code_of(killed) == -signal.SIGKILL
        if server is not None:
            server.stop()
            time.sleep(0.5)
            server.start()
        assert [exit_code_of(one) for one in processes] == [0, 0]
        again = replace(first, notes=tmp_path / "of a again", dies_after=None)
        assert exit_code_of(begin(again)) == 0
        assert timeless(second.result) == timeless(alone.result) == timeless(again.result)
        trained = first.trained + second.trained
        assert sorted(trained) == sorted(alone.trained)  # all of it, and none twice
        assert again.trained == []
        assert len(told(storage)) == len(set(told(storage)))
        assert len(set(told(storage))) + 2 == len(trained)  # the finals are not told leg by leg
        assert "held_by" not in second.result
        assert again.result["held_by"].endswith(str(tmp_path / "b"))
        with opened_storage(storage) as there:
            mirrored = optuna.load_study(study_name=NAME, storage=there).trials
    states = [one["state"] for one in second.result["live"]["trials"]]
    assert [one.state.name.lower() for one in mirrored] == states


def refusal(argv: list[str], capsys) -> str:
    """What the command says, in a line, of a use that it refuses."""
    assert RUN.main(argv) == 2
    (said,) = capsys.readouterr().err.splitlines()
    return said


def test_what_cannot_be_shared_is_refused_before_anything_is_loaded(small, tmp_path, capsys):
    shared = ["--join", "--storage", "sqlite:////nowhere/x.db", "--study-name", NAME]
    for argv, said in (
        ([*shared], "--join is of a live search, and none is asked for; add --trials."),
        (["--trials", "4", "--join", "--study-name", NAME], "give --storage its address"),
        (["--trials", "4", *shared[:3]], "give them all one --study-name"),
        (["--trials", "4", *shared, "--storage", "x.log"], "needs a database, which notices the dead"),
        (["--trials", "4", *shared, "--storage", "sqlite:///:memory:"], "no memory of one process"),
        (
            ["--trials", "4", *shared, "--objectives", "loss,params"],
            "--objectives loss,params exclude each other",
        ),
        (["--trials", "4", "--heartbeat", "5"], "--heartbeat is of a search that is shared; add --join"),
    ):
        assert said in refusal([*small, *argv], capsys)
    assert not (tmp_path / "out").exists()
    assert not Path("x.log").exists()


def test_drivers_with_other_options_data_or_model_are_refused(small, tmp_path, capsys, change_weights, files):
    storage = f"sqlite:///{tmp_path / 'shared.db'}"
    other = (
        "the drivers of this search in --storage were started with other options, data, model or program: "
    )
    with forked_processes() as begin:
        waiting = SharedDriver(line(small, tmp_path / "a", storage), tmp_path / "of a", None, (NAME, storage))
        begin(waiting)  # for another, which does not come
        wait_for(lambda: bool(claimed(NAME, storage, "trial")))
        assert "is in use by another run" in refusal(line(small, tmp_path / "a", storage), capsys)
        second = line(small, tmp_path / "b", storage)
        for more, differs in (
            (["--lr", "2e-3"], "--lr 0.002 here, --lr 0.01 there"),
            (["--at-once", "3"], "--at-once 3 here, --at-once 4 there"),
            (
                ["--scalings", "alpha/r,constant"],
                "--scalings alpha/r,constant here, --scalings alpha/r there",
            ),
        ):
            assert f"error: {other}{differs}; start all by the same line" in refusal([*second, *more], capsys)
        rows = (files / "dev.tsv").read_text()
        (files / "dev.tsv").write_text(rows.replace("n0", "n00"))
        assert f"{other}{files / 'dev.tsv'} changed; " in refusal(second, capsys)
        (files / "dev.tsv").write_text(rows)
        change_weights()
        assert f"{other}" in refusal(second, capsys)
    assert not (tmp_path / "b").exists()


def test_drivers_whose_folders_tell_of_other_text_to_write_share(tmp_path):
    study = StudyPlace(NAME, {}, f"sqlite:///{tmp_path / 'all.db'}")
    for value in (1, 2):
        (folder := tmp_path / str(value)).mkdir()
        text = dict.fromkeys(SEARCH_MAY_GROW, value)
        FolderRecord("search.run", {"lr": 0.1, **text}, Provenance({}, {})).write(folder)
        with company_of(study, folder, JoinSettings(join=True, heartbeat=2)) as company:
            assert isinstance(company, Joined)


def test_where_everything_failed_with_one_driver_the_others_say_so_and_train_nothing(tmp_path):
    address, ledger = f"sqlite:///{tmp_path / 'work.db'}", Ledger(tmp_path / "candidates", "none")
    with shared_work(address, "s, work", "b", 1) as other:
        waiting = Joined(other, tmp_path, failures_told(other))
        with shared_work(address, "s, work", "a", 1) as work:
            first = Joined(work, tmp_path, failures_told(work))
            assert first.awaited(ledger) is None  # the finalists are its to train
            first.give_up("every fine-tuning run failed: no memory")
        with pytest.raises(AllFailedError, match="failed: no memory; so it was with the driver a"):
            waiting.awaited(ledger)
    with shared_work(address, "s, work", "b", 1) as again:  # as when there is more memory
        assert Joined(again, tmp_path, failures_told(again)).awaited(ledger) is None


@pytest.fixture
def join(tmp_path):
    """Gives drivers of one search, each with the folder of its name."""
    with ExitStack() as stack:

        def joined(name):
            address = f"sqlite:///{tmp_path / 'work.db'}"
            work = stack.enter_context(shared_work(address, "s, work", name, 1))
            return Joined(work, tmp_path / name, frozenset())

        yield joined


def test_a_folder_that_began_alone_says_how_many_live_at_a_time_or_is_refused(join, tmp_path):
    assert Alone(tmp_path / "a").at_once(8) == Alone(tmp_path / "d").at_once(8) == 8
    assert Alone(tmp_path / "c").at_once(4) == 4
    assert join("a").at_once(16) == join("b").at_once(32) == join("d").at_once(16) == 8
    with pytest.raises(UsageError, match=r"began with 4 trials at a time, and the drivers .* have 8; choose"):
        join("c").at_once(8)
    assert Alone(tmp_path / "b").at_once(32) == 8


def test_a_folder_that_began_alone_brings_its_scores_and_one_that_joined_keeps_those_of_all(
    join, tmp_path, make_space, make_scores
):
    space = make_space([(4, 4)] * 2, (0, 2))
    first, *others = [make_scores(space, np.array([[worth], [1.0]])) for worth in (1.5, 2.5, 3.5, 4.5)]
    Alone(tmp_path / "a").scores([first])
    given = [join(name).scores([own]) for name, own in zip("ab", others, strict=False)]
    given.append(Alone(tmp_path / "b").scores(others[2:]))
    assert [table.by_rank.tolist() for (table,) in given] == [first.by_rank.tolist()] * 3


@pytest.mark.parametrize("whole", [None, lambda ranks: ranks.sum(1)])
def test_drivers_say_which_scores_they_take_site_by_site(join, make_space, make_scores, caplog, whole):
    scores = replace(make_scores(make_space([(4, 4)] * 2, (0, 2)), np.ones((2, 1))), together=whole)
    (agreed,) = join("a").scores([scores])
    assert agreed.together is None
    assert ("judges sites one by one here" in caplog.text) is (whole is not None)


def taken_for_dead(storage, work):
    """Fails all that drivers have claimed, as others do where these have been silent."""
    with opened_storage(storage) as there:
        for one in optuna.load_study(study_name=work, storage=there).trials:
            if one.state == optuna.trial.TrialState.RUNNING:
                there.set_trial_state_values(one._trial_id, optuna.trial.TrialState.FAIL)


def test_a_folder_that_began_alone_with_other_scores_than_the_drivers_have_is_refused_untouched(
    join, tmp_path, make_space, make_scores
):
    space = make_space([(4, 4)] * 2, (0, 2))
    alone, agreed = (make_scores(space, np.array([[worth], [1.0]])) for worth in (1.5, 2.5))
    Alone(tmp_path / "c").scores([alone])
    join("b").scores([agreed])  # from a fresh folder
    with pytest.raises(UsageError, match=r"c began with other scores of .* than the drivers .* have; choose"):
        join("c").scores([agreed])
    (kept,) = Alone(tmp_path / "c").scores([agreed])
    assert kept.by_rank.tolist() == alone.by_rank.tolist()


def older_record():
    """What some search came to."""
    return SearchRecord.of_json(json.loads(Path(__file__).with_name("known_result.json").read_bytes()))


@pytest.mark.parametrize("follower", ["has a result", "fails", "is not there"])
def test_who_was_taken_for_dead_at_the_finals_has_the_result_of_whoever_followed(follower, join, tmp_path):
    own, ledger = older_record(), Ledger(tmp_path / "candidates", "none")
    first, second = join("a"), join("b")
    assert first.awaited(ledger) is None
    taken_for_dead(f"sqlite:///{tmp_path / 'work.db'}", "s, work")
    if follower != "is not there":
        assert second.awaited(ledger) is None
    if follower == "has a result":
        assert second.conclude(own) is own
        told = first.conclude(own)
        assert (told.held_by, told.output) == ("b", str(tmp_path / "a"))
        return
    if follower == "fails":
        second.give_up("every fine-tuning run failed: no memory")
        second.work.close()
    assert first.conclude(own) is own
    assert join("c").awaited(ledger).held_by == "a"


@pytest.mark.parametrize("fails", [False, True])
def test_who_was_followed_while_it_trained_the_finalists_saves_and_shows_nothing_of_its_own(
    fails, small, tmp_path
):
    storage, watched = f"sqlite:///{tmp_path / 'shared.db'}", Watched()

    def overtaken():
        _, asked = watched.asked[-1]
        if asked[0].seed == 0:  # a finalist, and no trial
            taken_for_dead(storage, f"{NAME}, work")
            with shared_work(storage, f"{NAME}, work", "b", 2) as work:
                other = Joined(work, tmp_path / "b", frozenset())
                assert other.awaited(Ledger(tmp_path / "of b", "none")) is None
                other.conclude(older_record())
            if fails:
                raise AllFailedError("every fine-tuning run failed: no memory")

    watched.before = overtaken
    assert watched.run([*line(small, tmp_path / "a", storage), "--quiet"]) == 0
    record = json.loads((tmp_path / "a" / "result.json").read_text())
    assert (record["held_by"], record["verdict"]) == ("b", older_record().verdict)
    assert not {"adapter", "allocation.json", "ranks.png"} & {one.name for one in (tmp_path / "a").iterdir()}
    with opened_storage(storage) as there:
        shown = optuna.load_study(study_name=f"{NAME}, {FINALISTS}", storage=there)
    assert "verdict" not in shown.user_attrs
