"""The frozen base models that somebody works with: each loaded once, and freed when told so."""

from __future__ import annotations

import logging
from collections.abc import Callable

from transformers import PreTrainedModel

from .base_model import ModelSource, load_base_model
from .content_digest import model_state

__all__ = ["BaseModels"]

_log = logging.getLogger(__name__)


def _load(source: ModelSource, device: str) -> PreTrainedModel:
    _log.info("loading  the model on %s", device)
    return load_base_model(source, device=device)


class BaseModels:
    """Base models by where they come from and the device they are on.

    An object that is handed to whoever works with a model: it keeps what it has loaded until ``release``, or
    until nobody has it any more, and a process of its own has one of its own.
    """

    def __init__(self, load: Callable[[ModelSource, str], PreTrainedModel] = _load) -> None:
        """load: gives a frozen model in eval mode on a device; raises InputError where it cannot."""
        self._load = load
        self._held: dict[tuple[ModelSource, str], tuple[object, PreTrainedModel]] = {}

    def on(self, source: ModelSource, device: str) -> PreTrainedModel:
        """The model on a device: the same object as before, unless its files have changed meanwhile."""
        state = model_state(source.path_or_name)
        known, model = self._held.get((source, device), (None, None))
        if model is None or known != state:
            model = self._load(source, device)
            self._held[source, device] = state, model
        return model

    def release(self) -> None:
        """Lets go of every model; what is asked for again is loaded again."""
        self._held.clear()
