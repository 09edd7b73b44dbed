"""Small search spaces and scores, built without a model, the ground of a tiny one, loaded in a second,
and how Optuna reads a study."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.storages import BaseStorage
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from proxies.site_scores import Point, SiteScores
from search.job.ground import Ground
from search.job.inputs import load_inputs
from search.job.machine import machine_of
from search.job.settings import DataSettings, MachineSettings, ModelSettings
from search.storage.opened_storage import Place, opened_storage
from spaces.search_space import SearchSpace
from tests.search.watched import Watched


def _scores(
    space: SearchSpace, worth: np.ndarray, proxy: str = "planted", point: Point = "dense"
) -> SiteScores:
    """Scores from the worth of the ranks above 0: (sites, ranks - 1)."""
    by_rank = np.concatenate([np.zeros((len(worth), 1)), worth], axis=1).astype(np.float64)
    return SiteScores(proxy, point, space, by_rank[:, -1], by_rank)


@pytest.fixture(scope="session")
def make_scores() -> Callable[..., SiteScores]:
    """Builds SiteScores from the worth of the ranks above 0, (sites, ranks - 1)."""
    return _scores


SMALL = [
    "--epochs",
    "1",
    "--batch-size",
    "8",
    "--proposals",
    "4",
    "--finalists",
    "2",
    "--seeds",
    "2",
    "--threads",
    "1",
    "--quiet",
]
WORDS = ["good", "fine", "great", "bad", "poor", "awful", "a", "film", "plot", "the", "is", "very"]


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """Two small TSV files whose label is told by one word."""
    folder, rng = tmp_path_factory.mktemp("files"), np.random.default_rng(0)
    for name, count in (("train", 90), ("dev", 30)):
        lines = ["sentence\tlabel"]
        for i in range(count):
            label = int(rng.integers(2))
            words = [*rng.choice(WORDS[6:], 5), str(rng.choice(WORDS[:3] if label else WORDS[3:6])), f"n{i}"]
            lines.append(f"{' '.join(words)}\t{label}")
        (folder / f"{name}.tsv").write_text("\n".join(lines))
    return folder


@pytest.fixture
def model_folder(tiny_model, tmp_path) -> Path:
    """A folder with a tiny BERT and a tokenizer of whole words."""
    folder = tmp_path / "model"
    tiny_model("bert").save_pretrained(folder)
    vocabulary = {word: i for i, word in enumerate(["[UNK]", "[PAD]", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]").save_pretrained(
        folder
    )
    return folder


@pytest.fixture
def change_weights(model_folder) -> Callable[[], None]:
    """Flips a bit of the model's weights in its folder."""

    def flip() -> None:
        weights = model_folder / "model.safetensors"
        content = weights.read_bytes()
        weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    return flip


@pytest.fixture
def watched() -> Watched:
    """Commands on a machine that notes what it trains."""
    return Watched()


@pytest.fixture
def small(model_folder, files, tmp_path) -> list[str]:
    """A whole command line that ends within seconds."""
    data = [
        "--model",
        str(model_folder),
        "--train-file",
        str(files / "train.tsv"),
        "--eval-file",
        str(files / "dev.tsv"),
    ]
    return [*data, "--budget", "r=2", "--output", str(tmp_path / "out"), *SMALL]


@pytest.fixture
def make_ground(model_folder: Path, files: Path) -> Callable[..., Ground]:
    """Builds the ground of a tiny BERT on the small files; machine settings by keyword."""

    def build(**machine: object) -> Ground:
        data = DataSettings(train_file=files / "train.tsv", eval_file=files / "dev.tsv")
        inputs = load_inputs(ModelSettings(model=str(model_folder)), data)
        return Ground(inputs, machine_of(MachineSettings(device="cpu", **machine)))

    return build


@pytest.fixture
def read():
    """Opens a place with Optuna alone and gives the study of a name."""
    with ExitStack() as stack:

        def load(place: Place, name: str) -> optuna.Study:
            storage: BaseStorage = stack.enter_context(opened_storage(place))
            return optuna.load_study(study_name=name, storage=storage)

        yield load
