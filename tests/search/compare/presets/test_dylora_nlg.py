"""DyLoRA's tables of generated text: what is trained for them, and what is only shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from transformers import PreTrainedModel

from evaluators.data.corpora.registry import CORPORA
from evaluators.metrics.of_text import TEXT_METRICS
from search.compare.presets.registry import PRESETS, find_settings
from search.methods.registry import policy_of
from spaces.find_sites import find_sites
from spaces.search_space import SearchSpace, params_per_rank

MEDIUM = "openai-community/gpt2-medium"
TABLES = [PRESETS["dylora-table6"], PRESETS["dylora-table9"]]


def test_trainable_parameters_are_those_that_the_tables_print(
    paper_model: Callable[[str], PreTrainedModel],
) -> None:
    """0.09M, 0.19M, 0.29M and 0.39M at ranks 1 to 4, cut after the second digit."""
    model = paper_model(MEDIUM)
    sites = find_sites(model, "lora[q,v]")
    assert [rank * params_per_rank(sites) // 10_000 for rank in range(1, 5)] == [9, 19, 29, 39]
    space = SearchSpace(sites, (0, 4))
    for arm in TABLES[0].arms:
        start = policy_of(arm.spec, 4 * space.params_per_rank, model).start(space)
        assert set(dict(start.ranks).values()) == {4}


@pytest.mark.parametrize("dataset", ["e2e", "dart", "webnlg"])
def test_hyperparameters_are_table_8s_and_decoding_is_loras(dataset: str) -> None:
    found = find_settings(MEDIUM, dataset, "lora")
    assert (found.batch_size, found.epochs, found.learning_rate, found.weight_decay) == (8, 5, 2e-4, 0.01)
    assert (found.space, found.rank, found.lora_alpha) == ("lora[q,v]", 4, 32.0)
    decoding = CORPORA[dataset].decoding
    assert (decoding.beams, decoding.length_penalty) == (10, 0.8)


def test_metrics_that_are_not_computed_here_are_shown_and_not_trained() -> None:
    for cell in TABLES[0].cells:
        assert (cell.arm is None) == (cell.column in ("MET", "CIDEr") or "*" in cell.row)
        assert cell.arm is None or cell.metric in TEXT_METRICS
    lora = {(cell.row, cell.column): cell.paper.value for cell in TABLES[0].cells if cell.paper}
    assert lora["Rank=4 LoRA", "BLEU"] == 69.88
    assert lora["Rank=1 LoRA", "MET"] == 9.23


def test_edit_rates_are_printed_out_of_one() -> None:
    shares = {cell.column for cell in TABLES[1].cells if cell.share}
    assert shares == {"DART TER", "WebNLG TER"}


def test_seeds_are_the_papers() -> None:
    assert {(one.seeds, one.statistic, one.model) for one in TABLES} == {((10, 42, 4242), "mean", MEDIUM)}
