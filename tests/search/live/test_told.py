"""What a person is told while a live search goes on."""

from __future__ import annotations

from dataclasses import replace

from evaluators.training.candidate import Candidate
from search.live.live_trial import LiveTrial, Report
from search.live.settings import LiveSettings
from search.live.told import LiveNames, LiveNote
from search.live.watcher import LiveSearch
from search.sampling.configuration import Configuration
from search.sampling.proposer import Proposer
from spaces.allocation import Allocation

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
    return LiveSearch(
        model="tiny",
        task="rows",
        title="lora[q]",
        budget="r=2",
        space=make_space([(4, 4)], (0, 2)),
        max_params=100,
        metric="accuracy",
        direction="maximize",
        settings=LiveSettings(trials=3),
        proxies=(),
        rungs=(9, 27, 81),
        seed=7,
        seeds=(0,),
    )


def test_it_names_who_runs_what_became_of_the_others_and_the_best(make_space):
    said: list[tuple[int, str]] = []
    note = LiveNote(lambda count, text="": said.append((count, text)), most=4)
    note.began(search(make_space))
    tpe, exact = Proposer("tpe"), Proposer("exact", "snip")
    note.asked([trial(0, exact), trial(1, tpe, exact)])
    assert said[-1] == (0, "2 running (snip/exact, tpe); 0 of about 84 candidate-steps")
    note.judged([trial(0, exact, losses=(0.9,)), trial(1, tpe, losses=(0.7,))])
    note.ended([trial(0, exact, losses=(0.9,), state="pruned")], [None])
    assert said[-1] == (
        1,
        "1 running (tpe), 1 pruned; best loss 0.7000 of tpe at step 9 of 81; 18 of about 72 candidate-steps",
    )
    note.judged([trial(1, tpe, losses=(0.7, 0.8))])
    assert "best loss 0.8000 of tpe at step 27 of 81" in said[-1][1]  # of the furthest, not of the first rung
    note.ended([trial(1, tpe, losses=(0.7, 0.8), state="failed", failure="nan")], [None])
    assert said[-1][1].startswith("1 pruned, 1 failed; best")


def test_of_many_proposers_a_few_are_named(make_space):
    said: list[str] = []
    note = LiveNote(lambda _, text="": said.append(text), most=9)
    note.began(search(make_space))
    note.asked([trial(number, Proposer(f"p{number}")) for number in range(5)])
    assert said[0].startswith("5 running (p0, p1, p2 +2); 0 of about")


def test_a_log_calls_trials_by_number_and_proposer(make_space):
    named: dict[Candidate, str] = {}

    class Log:
        def named(self, candidate, name):
            named[candidate] = name

        def __call__(self, workload, mark, trained): ...

    names = LiveNames(Log())
    names.began(search(make_space))
    names.asked([trial(12, Proposer("exact", "snip"), Proposer("tpe"))])
    assert named == {Candidate(OWN.allocation, 7, 0.01, "alpha/r"): "trial-0012-snip/exact"}
