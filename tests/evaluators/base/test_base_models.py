"""Models are loaded once, loaded anew where their files changed, and freed."""

from __future__ import annotations

import gc
import weakref

from evaluators.base.base_model import ModelSource
from evaluators.base.base_models import BaseModels


def test_a_model_is_loaded_once_as_long_as_its_files_stay(tmp_path, tiny_model):
    source, models = ModelSource(str(tmp_path), 2), BaseModels()
    model = tiny_model("bert")
    model.save_pretrained(tmp_path)
    first = models.on(source, "cpu")
    assert models.on(source, "cpu") is first
    model.bert.pooler.dense.weight.zero_()
    model.save_pretrained(tmp_path)
    assert not models.on(source, "cpu").bert.pooler.dense.weight.any()


def test_each_device_and_each_source_has_its_own(tmp_path, tiny_model):
    tiny_model("bert").save_pretrained(tmp_path)
    asked = []

    def load(source, device):
        asked.append((source.num_labels, device))
        return object()

    models = BaseModels(load)
    for labels, device in ((2, "cpu"), (3, "cpu"), (2, "cuda:0"), (2, "cpu")):
        models.on(ModelSource(str(tmp_path), labels), device)
    assert asked == [(2, "cpu"), (3, "cpu"), (2, "cuda:0")]


def test_what_is_released_is_freed_and_loaded_again_when_asked_for(tmp_path, tiny_model):
    source, models = ModelSource(str(tmp_path), 2), BaseModels()
    tiny_model("bert").save_pretrained(tmp_path)
    model = weakref.ref(models.on(source, "cpu"))
    gc.collect()
    assert model() is not None
    models.release()
    gc.collect()
    assert model() is None
    assert models.on(source, "cpu").num_parameters() > 0


def test_models_go_with_whoever_had_them(tmp_path, tiny_model):
    tiny_model("bert").save_pretrained(tmp_path)
    models = BaseModels()
    model = weakref.ref(models.on(ModelSource(str(tmp_path), 2), "cpu"))
    del models
    gc.collect()
    assert model() is None
