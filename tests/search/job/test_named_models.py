"""What a model is called, and where it is found."""

from __future__ import annotations

from evaluators.data.demo import MODEL_NAME
from search.job.named_models import model_base, model_title


def test_a_model_is_called_as_it_was_typed() -> None:
    assert [model_title(name) for name in ("smollm2", "./mine", None)] == ["smollm2", "./mine", MODEL_NAME]


def test_an_adapter_names_what_its_reader_can_load() -> None:
    assert [model_base(name) for name in ("./mine", None)] == ["./mine", MODEL_NAME]
