"""``search.run --table``: a study's table answers for every allocation, and nothing is loaded or trained."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest

from evaluators.store.benchmark_table import BenchmarkTable, Entry, Stratum
from evaluators.training.candidate import Candidate, Evaluation
from proxies.site_scores import SiteScores, per_unit_of_rank
from search.allocation.repair import repair
from search.allocation.uniform import uniform_allocation
from search.cli.run import main
from search.run.study_notes import Notes
from search.sampling.samplers import SAMPLERS
from spaces.allocation import Allocation
from spaces.search_space import SearchSpace
from spaces.site import Site, Tap
from tests.search.run_files import WITHOUT_WEIGHTS

TAP = Tap("block", "in")
WIDE = SearchSpace(
    tuple(Site(f"layers.{i}.q", i, "q", "lora", 16, 16, TAP, TAP) for i in range(12)), (0, 1, 2, 4, 8, 16)
)
BUDGET = 2 * 12 * 32  # rank 2 everywhere
STRATUM = Stratum("budget", BUDGET, "alpha/r", 3e-3)
WORTH = np.random.default_rng(0).exponential(size=12)
TRUTH = per_unit_of_rank("zico", "dense", WIDE, WORTH)
OPPOSITE = per_unit_of_rank("l2_norm", "dense", WIDE, 1 / WORTH)


def allocations(stratum: Stratum, count: int = 24) -> list[Allocation]:
    """The uniform one, then random ones of the same cost."""
    grid, rng = SearchSpace(WIDE.sites, (0, 1, 2, 4, 8)), np.random.default_rng(1)
    drawn = {uniform_allocation(WIDE, stratum.max_params): None}
    while len(drawn) < count:
        ranks = repair(rng.choice(grid.ranks, 12), grid, stratum.max_params, rng=rng)
        drawn[grid.allocation(ranks)] = None
    return list(drawn)


def accuracy(allocation: Allocation, seed: int) -> float:
    """Rises with the true worth; seeds move all allocations alike."""
    return 0.5 + 0.001 * TRUTH.of(allocation) + 0.01 * seed


def entries(stratum: Stratum, scores: Sequence[SiteScores], seeds: Sequence[int]) -> list[Entry]:
    """Scores in the rows are those of the sites and 100, so that it shows which of them are used."""
    return [
        Entry(
            stratum,
            allocation,
            ("random",),
            WIDE.params(allocation),
            tuple((table.proxy, 100 + table.of(allocation)) for table in scores),
            tuple(
                Evaluation(
                    Candidate(allocation, seed, stratum.learning_rate),
                    accuracy(allocation, seed),
                    0.7,
                    None,
                    (0.7,),
                    1.5,
                    10**6,
                )
                for seed in seeds
            ),
        )
        for allocation in allocations(stratum)
    ]


def written(
    path: Path,
    *strata: Stratum,
    scores: Sequence[SiteScores] = (TRUTH, OPPOSITE),
    seeds: Sequence[int] = (0, 1, 2),
) -> Path:
    """A table as a study writes it; the best of ``STRATUM`` is the one of which the truth is greatest."""
    strata = strata or (STRATUM,)
    facts = (("model", "MiniLM"), ("task", "rotten_tomatoes"), ("space", "lora[q]: 12 sites"))
    notes = Notes(facts, 1.0, (), (), {stratum.scaling: tuple(scores) for stratum in strata})
    rows = [entry for stratum in strata for entry in entries(stratum, scores, seeds)]
    BenchmarkTable(WIDE, "accuracy", tuple(rows), notes.to_json()).write(path / "table.parquet")
    return path / "table.parquet"


@pytest.fixture
def run(tmp_path, capsys):
    """Runs the command on a table and gives its result; the output folder is ``out``."""

    def run(table: Path, *extra: str) -> dict:
        brief = ["--proposals", "3", "--finalists", "2", "--quiet", "--json"]
        code = main(["--table", str(table), "--output", str(tmp_path / "out"), *brief, *extra])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return json.loads(captured.out)

    return run


def proposers(folder: Path) -> list[str]:
    studies = optuna.get_all_study_summaries(at := f"sqlite:///{folder}/study.db")
    (name,) = [one.study_name for one in studies if one.study_name.endswith("proposals")]
    return [one.user_attrs["proposer"] for one in optuna.load_study(study_name=name, storage=at).trials]


def test_a_table_says_whose_f1_it_is_and_what_may_mislead(tmp_path, capsys, caplog):
    table = BenchmarkTable.read(written(tmp_path))
    facts = (*Notes.of(table).facts, ("metric", "f1 of 'fraud'"))
    notes = replace(Notes.of(table), facts=facts, positive_label="fraud", remarks=("of 'fraud' only",))
    replace(table, metric="f1", notes=notes.to_json()).write(tmp_path / "f1.parquet")
    argv = ["--table", str(tmp_path / "f1.parquet"), "--output", str(tmp_path / "out"), "--proposals", "0"]
    with caplog.at_level(logging.INFO):
        assert main(argv) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "in f1 of 'fraud' on the validation rows" in out.partition("proposed by")[0]
    assert "above: f1 of 'fraud' on the validation rows" in out
    assert "note: of 'fraud' only" in out
    assert "metric   f1 of 'fraud'" in caplog.text
    assert "of 'fraud' only" in caplog.text
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    said = [result[name] for name in ("metric", "metric_title", "positive_label", "notes")]
    nearest = "each was answered by the nearest of 24 tabulated allocations, and nothing was fine-tuned"
    assert said == ["f1", "f1 of 'fraud'", "fraud", [nearest, "of 'fraud' only"]]
    assert result["evaluator"] == "table"


def test_where_the_proxy_is_the_truth_the_winner_is_the_best_of_the_table(run, tmp_path):
    result = run(written(tmp_path), "--proxy", "zico", "--proposals", "24")
    best = max(allocations(STRATUM), key=TRUTH.of)
    assert result["best"]["allocation"] == dict(best.ranks)
    assert result["best"]["metrics"] == {str(seed): accuracy(best, seed) for seed in range(3)}
    assert result["best"]["scores"] == {"zico": pytest.approx(100 + TRUTH.of(best))}
    assert result["proxies"]["zico"]["spearman"] == pytest.approx(1)
    whole = allocations(STRATUM)[0]
    assert result["baseline"]["allocation"] == dict(whole.ranks)
    gain = pytest.approx(accuracy(best, 0) - accuracy(whole, 0))  # the same for every seed
    assert result["best"]["difference"]["mean"] == gain


def test_space_budget_and_metric_come_from_the_table_and_nothing_is_tested_or_saved(run, tmp_path, capsys):
    table = written(tmp_path)
    result = run(table)
    assert result["space"]["sites"] == [site.name for site in WIDE.sites]
    assert result["space"]["ranks"] == [0, 1, 2, 4, 8]  # of the budget; the table scores 16 too
    assert (result["budget"], result["metric"]) == (BUDGET, "accuracy")
    assert set(result["proxies"]) == {"zico", "l2_norm"}  # those of the defaults that the table has
    assert (result["best"]["test"], result["best"]["saved_seed"]) == (None, None)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == WITHOUT_WEIGHTS
    assert main([f"--table={table}", f"--output={tmp_path / 'new'}", "--proposals=0", "--quiet"]) == 0
    assert "the table has no test rows" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_sampler_that_exhausts_the_table_stops_and_has_seen_all_of_it(sampler, run, tmp_path, caplog):
    argv = ["--sampler", sampler, "--proposals", "99", "--allocator", "uniform", "--finalists", "23"]
    result = run(written(tmp_path), *argv)
    assert proposers(tmp_path / "out") == ["uniform", *[sampler] * 23]
    assert f"{sampler}: stopped after 23 of 99 proposals" in caplog.text
    tabulated = [dict(allocation.ranks) for allocation in allocations(STRATUM)[1:]]
    seen = [finalist["allocation"] for finalist in result["finalists"]]
    assert len(seen) == 23
    assert all(ranks in seen for ranks in tabulated)


def test_the_seed_decides_what_is_drawn_and_not_which_runs_are_read(run, tmp_path):
    table, few = written(tmp_path), ["--sampler", "random", "--allocator", "uniform"]
    results = [
        run(table, *few, "--seed", seed, "--output", str(tmp_path / name))
        for seed, name in (("0", "a"), ("0", "b"), ("7", "c"))
    ]
    first, again, other = ([f["allocation"] for f in result["finalists"]] for result in results)
    assert first == again != other
    assert results[0]["baseline"]["metrics"] == results[2]["baseline"]["metrics"]


def test_finalists_have_the_first_seeds_of_the_table(run, tmp_path, caplog):
    table = written(tmp_path, seeds=(5, 6))
    with caplog.at_level(logging.INFO):
        result = run(table)
    assert set(result["best"]["metrics"]) == {"5", "6"}  # three is only the default
    assert "seeds    2, all the table has" in caplog.text
    one = run(table, "--seeds", "1", "--output", str(tmp_path / "one"))
    assert set(one["best"]["metrics"]) == {"5"}


def test_a_run_that_failed_in_the_table_is_reported(run, tmp_path):
    table = BenchmarkTable.read(written(tmp_path))
    failed = [
        replace(run_, metric=None, loss=None, failure="the loss became nan") for run_ in table.entries[0].runs
    ]
    first = replace(table.entries[0], runs=(failed[0], *table.entries[0].runs[1:]))
    replace(table, entries=(first, *table.entries[1:])).write(tmp_path / "broken.parquet")
    result = run(tmp_path / "broken.parquet")
    assert result["baseline"]["failures"] == ["the loss became nan"]
    assert result["best"]["difference"] is not None


OTHERS = (
    replace(STRATUM, max_params=2 * BUDGET),
    replace(STRATUM, scaling="constant"),
    replace(STRATUM, learning_rate=1e-3),
)
FEW = replace(STRATUM, max_params=352), replace(STRATUM, max_params=352, scaling="constant")


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [
        (["--budget", "r=4"], OTHERS[0]),
        (["--budget", "1536"], OTHERS[0]),
        (["--budget", "r=2", "--scaling", "constant"], OTHERS[1]),
        (["--budget", "r=2", "--lr", "1e-3"], OTHERS[2]),
        (["--budget", "r=2", "--lr", "3e-3"], STRATUM),  # alpha/r is the default
        (["--budget", "352"], FEW[1]),  # of less than one rank at every site constant
    ],
)
def test_budget_scaling_and_learning_rate_choose_the_stratum(typed, chosen, run, tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        result = run(written(tmp_path, STRATUM, *OTHERS, *FEW), *typed)
    assert result["budget"] == chosen.max_params
    assert f"table    24 allocations of {chosen.name};" in caplog.text


def test_a_default_that_fits_no_stratum_is_no_objection(run, tmp_path):
    table = written(tmp_path, OTHERS[1])
    assert run(table)["budget"] == BUDGET  # neither 2.3M parameters nor alpha/r


BAD = {
    "another budget": (["--budget", "r=4"], 2, f"--scaling and --lr: {STRATUM.name}."),
    "another scaling": (["--scaling", "constant"], 2, "none of the table's strata of equal budget fit"),
    "another learning rate": (["--lr", "0.5"], 2, "none of the table's strata of equal budget fit"),
    "a share of a model": (["--budget", "0.5%"], 2, "--budget 0.5% is a share of a model"),
    "a budget that is no number": (["--budget", "lots"], 2, "2.3M, 500k"),
    "a proxy it lacks": (
        ["--proxy", "l2_norm,fisher"],
        2,
        "no scores of fisher; choose with --proxy from zico, l2_norm.",
    ),
    "a proxy it lacks beside all": (["--proxy", "all,snr"], 2, "no scores of snr; choose with --proxy"),
    "a rank it lacks": (["--ranks", "0,2,3"], 2, "at rank 3; choose with --ranks from 0,1,2,4,8,16."),
    "ranks that cannot spend the budget": (["--ranks", "0,1"], 2, "can spend at most 384"),
    "more seeds than it has": (["--seeds", "4"], 2, "--seeds 4 is more than the 3 the table has"),
    "an unknown sampler": (["--sampler", "magic"], 2, "--sampler 'magic' is unknown"),
    "a model": (["--model", "roberta-base"], 2, "so --model would change nothing; leave it out"),
    "training": (
        ["--epochs", "2", "--task", "mrpc", "--space", "lora[q]"],
        2,
        "so --epochs, --space, --task would change nothing; leave them out",
    ),
    "no such file": (["--table", "nowhere.parquet"], 1, "nowhere.parquet"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_usage_is_one_line_and_leaves_nothing_behind(case, tmp_path, capsys):
    extra, code, message = BAD[case]
    argv = ["--table", str(written(tmp_path)), "--output", str(tmp_path / "out"), "--quiet"]
    assert main([*argv, *extra]) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not (tmp_path / "out").exists()


def refusal(capsys, table: Path, *extra: str) -> str:
    assert main(["--table", str(table), "--output", str(table.parent / "out"), "--quiet", *extra]) != 0
    return capsys.readouterr().err


def test_a_table_that_leaves_a_choice_names_its_strata(tmp_path, capsys):
    error = refusal(capsys, written(tmp_path, STRATUM, *OTHERS), "--budget", "r=2")
    assert error.startswith("error: 2 of the table's strata of equal budget fit; choose one with --budget")
    assert all(stratum.name in error for stratum in (STRATUM, *OTHERS))


def test_a_table_of_sites_alone_has_no_stratum_to_search(tmp_path, capsys):
    error = refusal(capsys, written(tmp_path, replace(STRATUM, kind="only")))
    assert "it has none, make one with python -m search.study" in error


def test_a_table_without_the_default_proxies_asks_for_others(tmp_path, capsys):
    table = written(tmp_path, scores=[replace(TRUTH, proxy="fisher")])
    assert main(["--table", str(table), "--proxy", "all", "--output", str(tmp_path / "all"), "--quiet"]) == 0
    assert "no scores of zico, l2_norm; choose with --proxy" in refusal(capsys, table)


def test_a_table_that_no_study_wrote_is_refused(tmp_path, capsys):
    table = BenchmarkTable.read(written(tmp_path))
    replace(table, notes={}).write(tmp_path / "bare.parquet")
    assert "give one that python -m search.study wrote" in refusal(capsys, tmp_path / "bare.parquet")
