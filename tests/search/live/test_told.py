"""What a person is told while a live search goes on."""

from __future__ import annotations

from dataclasses import replace

from evaluators.training.candidate import Candidate
from search.live.ladder import Ladder
from search.live.live_trial import LiveTrial, Report
from search.live.settings import LiveSettings
from search.live.told import LiveNames, LiveNote
from search.live.watcher import LiveSearch
from search.sampling.configuration import Configuration
from search.sampling.proposer import Proposer
from spaces.allocation import Allocation
from tests.search.live.invented import Told, Training, invented
from tests.search.live.settled_search import settled

OWN = Configuration(Allocation.of({"layers.0.q": 2}), 0.01, "alpha/r")


def trial(number: int, *proposers: Proposer, losses: tuple[float, ...] = (), **more) -> LiveTrial:
    steps = (9, 27, 81)[: len(losses)]
    reports = tuple(
        Report(rung, step, 81, 0.5, loss, loss)
        for rung, (step, loss) in enumerate(zip(steps, losses, strict=True))
    )
    plain = LiveTrial(number, OWN, proposers, 100, (), reports, step=steps[-1] if steps else 0)
    return replace(plain, **more)


def search(make_space) -> LiveSearch:
    return settled(make_space([(4, 4)], (0, 2)), LiveSettings(trials=3), ladder=Ladder(81, 3, 2))


def test_it_names_who_runs_what_became_of_the_others_and_the_best(make_space):
    said: list[tuple[int, str]] = []
    note = LiveNote(lambda count, text="": said.append((count, text)), most=4)
    note.began(search(make_space))
    tpe, exact = Proposer("tpe"), Proposer("exact", "snip")
    note.asked([trial(0, exact), trial(1, tpe, exact)])
    assert said[-1] == (0, "2 running; 0 of about 84 candidate-steps; now snip/exact, tpe")
    note.judged([trial(0, exact, losses=(0.9,)), trial(1, tpe, losses=(0.7,))])
    note.ended([trial(0, exact, losses=(0.9,), state="pruned")], [None])
    assert said[-1] == (
        1,
        "best loss 0.7000 (tpe, step 9 of 81); 1 running, 1 pruned; 18 of about 72 candidate-steps; now tpe",
    )
    note.judged([trial(1, tpe, losses=(0.7, 0.8))])
    assert "best loss 0.8000 (tpe, step 27 of 81)" in said[-1][1]  # of the furthest, not of the first rung
    note.ended([trial(1, tpe, losses=(0.7, 0.8), state="failed", failure="nan")], [None])
    assert "; 1 pruned, 1 failed; " in said[-1][1]
    assert "now" not in said[-1][1]


def test_what_it_says_is_what_all_trials_together_say(make_space):
    """Told bit by bit of a search, against a look at all that it was told of."""
    said: list[str] = []
    note, all_told = LiveNote(lambda _, text="": said.append(text), most=44), dict[int, LiveTrial]()

    class Both(Told):
        def _note(self, what, trials):
            super()._note(what, trials)
            getattr(note, what)(trials, *([None] * len(trials),) * (what == "ended"))
            all_told.update({one.number: one for one in trials})
            known = all_told.values()
            ends = [
                f"{count} {state}"
                for state in ("running", "pruned", "complete", "failed")
                if (count := sum(one.state == state for one in known))
            ]
            assert ", ".join(ends) in said[-1].split("; ")
            assert f"{sum(one.step for one in known):,} of about" in said[-1]
            if any(one.reports for one in known):
                rung = max(len(one.reports) for one in known)
                best = min(one.value for one in known if len(one.reports) == rung)
                assert f"best loss {best:.4f} (" in said[-1]

    note.began(search(make_space))
    space, settings = make_space([(16, 16)] * 6, (0, 1, 2, 4)), LiveSettings(trials=40, at_once=3)
    invented(space, settings, training=Training(fails=frozenset({3, 9})), told=Both(), budget=384)
    assert "running" not in said[-1]


def test_of_many_proposers_a_few_are_named(make_space):
    said: list[str] = []
    note = LiveNote(lambda _, text="": said.append(text), most=9)
    note.began(search(make_space))
    note.asked([trial(number, Proposer(f"p{number}")) for number in range(5)])
    assert said[0].startswith("5 running; 0 of about")
    assert said[0].endswith("; now p0, p1, p2 +2")


def test_a_log_calls_trials_by_number_and_proposer(make_space):
    named: dict[Candidate, str] = {}

    class Log:
        def named(self, candidate, name, of=None):
            named[candidate] = name

        def __call__(self, workload, mark, trained): ...

    names = LiveNames(Log())
    names.began(search(make_space))
    names.asked([trial(12, Proposer("exact", "snip"), Proposer("tpe"))])
    assert named == {Candidate(OWN.allocation, 7, 0.01, "alpha/r"): "trial-0012-snip/exact"}
