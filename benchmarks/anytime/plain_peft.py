"""A training as a user writes it: transformers' model, peft's LoRA, PyTorch's loader, and a loop."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np
import torch
from peft import PeftModel, get_peft_model
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader
from transformers import AutoModelForSequenceClassification

from evaluators.adapters.lora_config import lora_config, task_type_of
from evaluators.data.rows import Rows, padded_inputs
from evaluators.training.adamw import linear_schedule
from evaluators.training.candidate import Recipe
from search.sampling.configuration import Configuration
from spaces.scaling import Scaling
from spaces.search_space import SearchSpace

from .user_search import WhollyTrained

__all__ = ["PlainTraining"]

_Batch = tuple[dict[str, Tensor], Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class PlainTraining:
    """Trains a configuration to the end; of two classes or more, on the CPU.

    Without dropout, in float32, with the steps, batch size, schedule, clipping and decay of ``recipe``, as
    everybody else here trains. Rows are shuffled, and batches padded to their longest row.

    Args:
        folder: of the model.
        labels: number of classes.
        space: the sites, all of them linears.
        train, validation: the rows.
        recipe: how it is trained; the scaling rule is the configuration's.
        seed: of the weights and the order of the rows.
    """

    folder: str
    labels: int
    space: SearchSpace
    train: Rows
    validation: Rows
    recipe: Recipe
    seed: int

    def __call__(self, configuration: Configuration, /) -> WhollyTrained:
        began, recipe = time.perf_counter(), self.recipe
        torch.manual_seed(self.seed)
        model = self._adapted(configuration)
        parameters = [one for one in model.parameters() if one.requires_grad]
        rate, decay = configuration.learning_rate, recipe.weight_decay
        optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=decay)
        total = recipe.steps(len(self.train))
        schedule = LambdaLR(optimizer, partial(linear_schedule, total=total, warmup=recipe.warmup))
        model.train()
        for inputs, labels in islice(self._batches(), total):
            loss = model(**inputs, labels=labels).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, recipe.max_grad_norm)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        loss, accuracy = self._judged(model)
        seconds = time.perf_counter() - began
        finite = math.isfinite(loss)
        return WhollyTrained(loss if finite else None, accuracy if finite else None, seconds)

    def _adapted(self, configuration: Configuration) -> PeftModel:
        model = AutoModelForSequenceClassification.from_pretrained(
            self.folder,
            num_labels=self.labels,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            dtype=torch.float32,
        )
        usual = self.recipe.scaling
        scaling = Scaling(configuration.scaling, usual.lora_alpha, usual.shortcut_alpha)
        own = configuration.allocation
        config = lora_config(model, self.space.sites, own, scaling, task_type=task_type_of(model))
        adapted = get_peft_model(model, config)
        assert isinstance(adapted, PeftModel)
        return adapted

    def _batches(self) -> Iterator[_Batch]:
        order = torch.Generator().manual_seed(self.seed)
        size = self.recipe.batch_size
        loader: DataLoader[int] = DataLoader(
            range(len(self.train)),  # type: ignore[arg-type]  # any sequence will do
            size,
            shuffle=True,
            generator=order,
            collate_fn=lambda indices: _batch(self.train, indices),
        )
        while True:
            yield from loader  # type: ignore[misc]  # what collate_fn gives

    @torch.no_grad()
    def _judged(self, model: PeftModel) -> tuple[float, float]:
        """Mean loss, and accuracy, on the validation rows."""
        model.eval()
        size, losses, right = self.recipe.eval_batch_size, 0.0, 0
        for start in range(0, len(self.validation), size):
            inputs, labels = _batch(self.validation, range(start, min(start + size, len(self.validation))))
            logits = model(**inputs).logits
            losses += float(torch.nn.functional.cross_entropy(logits, labels, reduction="sum"))
            right += int((logits.argmax(1) == labels).sum())
        return losses / len(self.validation), right / len(self.validation)


def _batch(rows: Rows, indices: list[int] | range) -> _Batch:
    inputs = padded_inputs(rows, indices, pad_token_id=0)
    labels = torch.from_numpy(np.asarray(rows.labels)[list(indices)])
    return {name: torch.from_numpy(one) for name, one in inputs.items()}, labels
