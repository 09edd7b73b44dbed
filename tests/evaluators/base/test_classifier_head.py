"""Which modules are a classifier's head."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from evaluators.base.classifier_head import classifier_head
from spaces.errors import InputError


@pytest.mark.parametrize(("family", "names"), [
    ("bert", ["classifier"]),
    ("roberta", ["classifier.dense", "classifier.out_proj"]),
    ("deberta-v2", ["pooler.dense", "classifier"]),
    ("opt", ["score"]),
])  # fmt: skip
def test_the_head_is_what_has_parameters_outside_the_base_model(tiny_model, family, names):
    model = tiny_model(family)
    assert classifier_head(model) == {name: model.get_submodule(name) for name in names}


def test_a_parameter_of_the_whole_model_is_refused_by_name(tiny_model):
    model = tiny_model("bert")
    model.temperature = nn.Parameter(torch.ones(1))
    with pytest.raises(InputError, match=r"head's temperature belongs to no module"):
        classifier_head(model)


def test_a_model_without_a_base_is_refused(tiny_model):
    model = tiny_model("bert")
    model.base_model_prefix = "absent"
    with pytest.raises(InputError, match=r"base_model_prefix='absent' names none"):
        classifier_head(model)
