"""Every preset of both papers: it parses, builds on the meta device and costs what its paper says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from transformers import PreTrainedModel

from evaluators.data.corpora.registry import CORPORA, QUIZZES
from evaluators.data.named_tasks import NAMED_TASKS
from evaluators.metrics.of_text import TEXT_METRICS
from evaluators.metrics.registry import METRICS
from search.compare.presets.preset import PaperSettings, Preset, PresetArm, layout
from search.compare.presets.registry import PRESETS, SETTINGS, find_preset, find_settings, on_other_model
from search.methods.registry import METHODS, policy_of
from spaces.budget import parse_budget
from spaces.errors import UsageError
from spaces.find_sites import find_sites
from spaces.meta_model import base_params
from spaces.search_space import SearchSpace, params_per_rank, rank_grid

Model = Callable[[str], PreTrainedModel]
ARMS = [(preset, arm) for preset in PRESETS.values() for arm in preset.arms]
NAMES = [f"{preset.name}: {arm.label}" for preset, arm in ARMS]


def space_of(preset: Preset, arm: PresetArm, model: PreTrainedModel) -> tuple[SearchSpace, int]:
    """The arm's space and the parameters of its budget."""
    sites = find_sites(model, arm.space)
    params = parse_budget(arm.budget).max_params(sites, base_params=base_params(model))
    return SearchSpace(sites, rank_grid(sites, params)), params


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("facebook/opt-350m", 331_196_416),  # tests/spaces/test_describe.py
        ("FacebookAI/roberta-base", 124_055_040),
        ("FacebookAI/roberta-large", 354_310_144),
        ("google/gemma-2b", 2_506_172_416),
    ],
)
def test_the_models_are_those_of_the_papers(name: str, params: int, paper_model: Model) -> None:
    """The totals that the hub shows, RoBERTa's without its pooler, which a classifier does not have."""
    assert base_params(paper_model(name)) == params


@pytest.mark.parametrize(("preset", "arm"), ARMS, ids=NAMES)
def test_every_arm_starts_within_its_budget(preset: Preset, arm: PresetArm, paper_model: Model) -> None:
    model = paper_model(preset.model)
    space, params = space_of(preset, arm, model)
    assert arm.method in METHODS
    fixed = arm.arm.start(space.sites)
    start = policy_of(arm.spec, params, model).start(space) if fixed is None else fixed
    assert bool(start.ranks) == (arm.method != "full")
    if arm.method == "lora":
        assert space.params(start) == params


def check_layout(preset: Preset) -> None:
    """Every row is there, in a table no wider than a terminal."""
    text = layout(preset, {}).text
    assert max(map(len, text.split("\n"))) <= 80
    assert {word for row in preset.rows for word in row.split()} <= set(text.split())


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_cell_can_be_trained_and_judged(preset: Preset) -> None:
    for cell in preset.cells:
        if cell.arm is not None and cell.dataset is not None:
            assert find_settings(preset.model, cell.dataset, preset.arm(cell.arm).setup)
            assert cell.dataset in {*NAMED_TASKS, *CORPORA, *QUIZZES}
            assert cell.metric in {*METRICS, *TEXT_METRICS, "seconds"}
    assert {cell.arm for cell in preset.cells} - {None} == {arm.label for arm in preset.arms}
    check_layout(preset)


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda one: f"{one.model}, {one.dataset}, {one.setup}")
def test_every_line_of_hyperparameters_fits_its_model(settings: PaperSettings, paper_model: Model) -> None:
    per_rank = {
        ("facebook/opt-350m", "lora"): 98_304,
        ("facebook/opt-350m", "shortcuts"): 292_864,
        ("FacebookAI/roberta-base", "lora"): 36_864,
        ("FacebookAI/roberta-large", "lora"): 98_304,
        ("openai-community/gpt2-medium", "lora"): 98_304,
        ("google/gemma-2b", "lora"): 18 * (2048 + 2048 + 2048 + 256),  # one head of 256 for v
    }
    assert (settings.space is None) == (settings.rank is None) == (settings.setup == "ft")
    if settings.space is not None:
        sites = find_sites(paper_model(settings.model), settings.space)
        assert params_per_rank(sites) == per_rank[settings.model, settings.setup]
    assert settings.dataset in {*NAMED_TASKS, *CORPORA, *QUIZZES}


def test_no_two_lines_are_for_the_same_runs() -> None:
    assert len({(one.model, one.dataset, one.setup) for one in SETTINGS}) == len(SETTINGS)


def test_unknown_settings_are_refused_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"no paper gives hyperparameters for shortcuts of .*'rte'") as error:
        find_settings("google/gemma-2b", "rte", "shortcuts")
    assert "facebook/opt-350m shortcuts: mrpc, rte, sst2" in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_preset_is_refused_with_the_list() -> None:
    assert find_preset("dylora-table2") is PRESETS["dylora-table2"]
    with pytest.raises(
        UsageError, match=r"`preset='table2'` is unknown; choose from heterolora-table2, .*dylora"
    ):
        find_preset("table2")


@pytest.mark.parametrize(
    ("model", "fit"), [("FacebookAI/roberta-large", (12, 12)), ("google/gemma-2b", (9, 7))]
)
def test_table_2_moves_to_the_other_models(model: str, fit: tuple[int, int], paper_model: Model) -> None:
    """A quarter of the modules at rank 8 costs what all cost at rank 2 where all modules cost the same.

    fit: how many of the quarter the budget has room for, of the cheapest and of the dearest modules: a q of
    Gemma costs 4,096 a rank and a v 2,304.
    """
    preset = on_other_model(PRESETS["heterolora-table2"], model)
    assert preset.model == model
    assert all(cell.paper is None for cell in preset.cells)
    for arm in preset.arms:
        space, params = space_of(preset, arm, paper_model(model))
        assert params == 2 * space.params_per_rank
        costs = sorted(8 * site.cost_per_rank for site in space.sites)
        quarter = range(1, len(costs) // 4 + 1)
        room = [max(n for n in quarter if sum(order[:n]) <= params) for order in (costs, costs[::-1])]
        assert tuple(room) == fit


@pytest.mark.parametrize(
    ("name", "model", "rows"),
    [
        ("heterolora-table7", "FacebookAI/roberta-large", ("FT", "LoRA")),
        ("heterolora-table7", "google/gemma-2b", ("LoRA",)),  # the paper did not fine-tune it fully
        ("heterolora-table8", "facebook/opt-350m", ("FT", "LoRA")),
    ],
)
def test_every_model_and_data_set_with_hyperparameters_can_be_reached(
    name: str, model: str, rows: tuple[str, ...], paper_model: Model
) -> None:
    preset = on_other_model(PRESETS[name], model)
    assert preset.rows == rows
    assert preset.datasets == preset.columns
    for cell in preset.cells:
        assert find_settings(model, cell.dataset or "", preset.arm(cell.arm or "").setup)
    for arm in preset.arms:
        space, params = space_of(preset, arm, paper_model(model))
        assert policy_of(arm.spec, params, paper_model(model)).start(space) is not None
    check_layout(preset)


def test_a_table_with_shortcuts_does_not_move_where_no_paper_trained_them() -> None:
    assert on_other_model(PRESETS["heterolora-table4"], "facebook/opt-350m") is PRESETS["heterolora-table4"]
    with pytest.raises(UsageError, match="no paper gives hyperparameters for shortcuts"):
        on_other_model(PRESETS["heterolora-table4"], "google/gemma-2b")
