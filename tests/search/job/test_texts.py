"""Candidates are asked together and none twice; what they wrote is scored, sampled and kept whole."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers.generation.utils import GenerationMixin

from evaluators.training.candidate import Evaluation, Trained
from search.job.fine_tune import fine_tune
from search.job.ground import Ground
from search.job.inputs import load_inputs
from search.job.machine import machine_of
from search.job.prepare import prepare
from search.job.settings import (
    DataSettings,
    GenerationSettings,
    MachineSettings,
    ModelSettings,
    ScoringSettings,
    SpaceSettings,
    TrainingSettings,
)
from search.job.texts import Writers, write_texts
from spaces.allocation import Allocation
from spaces.errors import InputError
from tests.search.decoder_files import DECODER_WORDS, save_decoder, write_prompts


@pytest.fixture
def job(tiny_language_model, tmp_path):
    model = tiny_language_model("llama", vocab_size=len(DECODER_WORDS), eos_token_id=0)
    folder = save_decoder(model, tmp_path / "decoder")
    _, train, _, dev = write_prompts(tmp_path, (24, 10))
    inputs = load_inputs(
        ModelSettings(model=str(folder)), DataSettings(train_file=Path(train), eval_file=Path(dev))
    )
    text = GenerationSettings(generate=True, max_new_tokens=4, text_metrics=("exact_match",))
    ground = Ground(inputs, machine_of(MachineSettings(device="cpu", cohort_size=2)), text)
    training = TrainingSettings(seeds=3, epochs=1.0, batch_size=8, lr=1e-2)
    return prepare(ground, SpaceSettings("lora[q]", "r=2"), training, ScoringSettings())


@pytest.fixture
def runs(job, tmp_path):
    candidates = job.candidates(Allocation.of({"layers.0.q": 2}))
    return fine_tune(job, candidates, tmp_path / "candidates", keep_tensors=True)


def test_every_run_that_finished_writes_and_none_twice(job, runs, tmp_path):
    failed = Evaluation(runs[0].evaluation.candidate, None, None, "diverged", (), 0.0, 0)
    writers = [Writers("lora", job.workload, [runs[0], Trained(failed, {}), *runs[1:]])]
    first = write_texts(writers, job.ground, tmp_path / "kept")
    texts = first.answers["lora"]
    assert [own is None for own in texts] == [False, True, False, False]
    assert all(len(own) == len(job.ground.text_test.prompts) for own in texts if own is not None)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "kept").iterdir()}
    assert len(kept) == 3
    dropped = sorted(kept)[0]
    dropped.unlink()
    again = write_texts(writers, job.ground, tmp_path / "kept")
    assert again.answers == first.answers
    assert {path: path.stat().st_mtime_ns for path in kept if path != dropped}.items() <= kept.items()


def test_what_was_written_is_judged_once_however_often_it_is_told(job, runs, tmp_path):
    writing = write_texts([Writers("lora", job.workload, runs)], job.ground, tmp_path / "kept")
    assert writing.record is writing.record


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("planted\nand more"), RuntimeError("can't allocate memory")]
)
def test_where_memory_runs_out_one_line_says_what_to_lower(job, runs, tmp_path, monkeypatch, error):
    def full(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(GenerationMixin, "generate", full)
    with pytest.raises(
        InputError, match=r"memory ran out .*`beams`, `max_new_tokens`.*`generate_rows`"
    ) as told:
        write_texts([Writers("lora", job.workload, runs)], job.ground, tmp_path / "kept")
    assert "\n" not in str(told.value)
    assert len(list((tmp_path / "candidates").glob("*.json"))) == len(runs)


def test_those_without_an_adapter_have_said_it_before(job, runs, tmp_path):
    said = ("a",) * len(job.ground.text_test.prompts)
    other = replace(job.workload, text_test=job.ground.text_test)
    spoken = [Trained(runs[0].evaluation, {}, runs[0].course, said), Trained(runs[1].evaluation, {})]
    writing = write_texts([Writers("full", other, spoken)], job.ground, tmp_path / "kept")
    assert writing.answers == {"full": (said, None)}
    assert writing.record.scores == {"full": {"exact_match": (0.0, None)}}


def test_samples_and_lines_hold_what_was_written(job, runs, tmp_path):
    writing = write_texts([Writers("lora", job.workload, runs)], job.ground, tmp_path / "kept")
    lines, prompts = writing.lines.splitlines(), job.ground.text_test.prompts
    rows = [json.loads(line) for line in lines]
    assert [row["prompt"] for row in rows] == list(prompts.texts)
    assert [tuple(row["references"]) for row in rows] == list(prompts.references)
    assert rows[1]["answers"]["lora"] == [own[1] for own in writing.answers["lora"]]
    assert writing.record.samples[1].answers["lora"] == writing.answers["lora"][0][1]
    assert len(writing.record.samples) == min(8, len(prompts))


def test_without_a_test_nothing_is_written(job, runs, tmp_path):
    ground = Ground(job.ground.inputs, job.machine)
    assert write_texts([Writers("lora", job.workload, runs)], ground, tmp_path / "kept") is None
    assert not (tmp_path / "kept").exists()
