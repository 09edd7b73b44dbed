"""GLUE's tasks by name; the hub itself is never asked here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import datasets
import pytest

from evaluators.data.demo import demo_tables
from evaluators.data.named_tasks import NAMED_TASKS, find_task, load_glue
from evaluators.metrics.registry import METRICS
from spaces.errors import InputError, UsageError


def split_of(columns: dict[str, list[Any]], names: list[str] | None) -> datasets.Dataset:
    label = datasets.ClassLabel(names=names) if names else datasets.Value("float32")
    features = {column: datasets.Value("string") for column in columns if column != "label"}
    return datasets.Dataset.from_dict(columns, datasets.Features({**features, "label": label}))


def yes() -> bool:
    return True


def serve(monkeypatch: pytest.MonkeyPatch, splits: dict[str, datasets.Dataset], asked: list[Any]) -> None:
    """A hub that answers with these splits."""

    def load_dataset(*args: Any, revision: None) -> datasets.DatasetDict:
        asked.append(args)
        return datasets.DatasetDict(splits)

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)


def test_every_glue_task_is_there_and_one_is_embedded() -> None:
    glue_tasks = {"cola", "sst2", "mrpc", "qqp", "stsb", "mnli", "qnli", "rte", "wnli"}
    assert glue_tasks < NAMED_TASKS.keys()
    assert [name for name, task in NAMED_TASKS.items() if task.embedded] == ["rotten_tomatoes"]
    assert [name for name in glue_tasks if NAMED_TASKS[name].regression] == ["stsb"]
    assert all(task.metric in METRICS for task in NAMED_TASKS.values())
    assert NAMED_TASKS["mnli"].evaluation_split == "validation_matched"


def test_pairs_come_with_labels_as_glue_numbers_them(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["not_equivalent", "equivalent"]  # sorted by name, the positive class would become 0
    train = split_of({"sentence1": ["a", "b"], "sentence2": ["c", "d"], "label": [1, 0]}, names)
    dev = split_of({"sentence1": ["e"], "sentence2": ["f"], "label": [1]}, names)
    asked: list[Any] = []
    serve(monkeypatch, {"train": train, "validation": dev}, asked)
    tables = load_glue("mrpc", reachable=yes)
    assert asked == [("nyu-mll/glue", "mrpc")]
    assert tables[0].texts == (("a", "c"), ("b", "d"))
    assert tables[0].labels == ("1", "0")
    assert tables[1].texts == (("e", "f"),)


@pytest.mark.parametrize(
    ("name", "columns"), [("boolq", ("question", "passage")), ("cb", ("premise", "hypothesis"))]
)
def test_superglue_pairs_come_from_their_own_data_set(
    name: str, columns: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Columns and labels as in tensorflow/datasets, docs/community_catalog/huggingface/super_glue.md."""
    names = {"boolq": ["False", "True"], "cb": ["entailment", "contradiction", "neutral"]}[name]
    first, second = columns
    train = split_of({first: ["a", "b"], second: ["c", "d"], "label": [1, 0]}, names)
    hidden = split_of({first: ["a"], second: ["c"], "label": [-1]}, names)
    asked: list[Any] = []
    serve(monkeypatch, {"train": train, "validation": train, "test": hidden}, asked)
    tables = load_glue(name, reachable=yes)
    assert asked == [("aps/super_glue", name)]
    assert (tables[1].texts, tables[1].labels) == ((("a", "c"), ("b", "d")), ("1", "0"))


@pytest.mark.parametrize(("name", "reason"), [("copa", "which of two sentences"), ("alpaca", "generated")])
def test_what_is_no_classification_says_so(name: str, reason: str) -> None:
    with pytest.raises(UsageError, match=rf"task='{name}'` .*{reason}.*no sequence classification; leave"):
        find_task(name)


def test_a_regression_keeps_its_values(monkeypatch: pytest.MonkeyPatch) -> None:
    split = split_of({"sentence1": ["a"], "sentence2": ["b"], "label": [3.5]}, None)
    serve(monkeypatch, {"train": split, "validation": split}, [])
    assert load_glue("stsb", reachable=yes)[1].labels == (3.5,)


def test_hidden_labels_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    split = split_of({"sentence": ["a", "b", "c"], "label": [-1, 1, -1]}, ["negative", "positive"])
    serve(monkeypatch, {"train": split, "validation": split}, [])
    with pytest.raises(InputError, match=r"2 of 3 rows have hidden labels \(-1\).*`train_file`"):
        load_glue("sst2", reachable=yes)


def test_the_embedded_task_needs_no_hub() -> None:
    assert load_glue("rotten_tomatoes", reachable=lambda: pytest.fail("the hub was asked")) == demo_tables()


def test_a_hub_out_of_reach_is_one_line_that_names_the_file_options() -> None:
    with pytest.raises(
        InputError, match="does not answer; give files with `train_file` and `eval_file`"
    ) as error:
        load_glue("rte", reachable=lambda: False)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "failure",
    [
        ConnectionError("no route\nto the host"),
        datasets.exceptions.DatasetNotFoundError("no route\nto the host"),
        datasets.exceptions.DatasetGenerationError("no route\nto the host"),
        ValueError("no route\nto the host"),
        RuntimeError("no route\nto the host"),  # a data set that is still a script
        KeyError("no route\nto the host"),
    ],
)
def test_a_failed_download_is_one_line_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def load_dataset(*_: Any, revision: None) -> Iterable[Any]:
        raise failure

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(
        InputError, match=r"cannot be read from nyu-mll/glue \(\w+: .?no route.*\); give files"
    ) as error:
        load_glue("cola", reachable=yes)
    assert "\n" not in str(error.value)


def test_an_unknown_task_is_refused_with_the_list() -> None:
    with pytest.raises(UsageError, match=r"`task='imdb'` is unknown; choose from .*, mrpc, .*`train_file`"):
        find_task("imdb")
