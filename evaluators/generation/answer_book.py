"""Answers on disk, so that an interrupted run writes no text twice."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path

from safetensors.torch import save

from evaluators.store.sealed_json import DamagedFileError, read_sealed, write_sealed
from evaluators.training.candidate import Trained

from .answers import Answers
from .text_test import TextTest

__all__ = ["AnswerBook"]

_log = logging.getLogger(__name__)


class AnswerBook:
    """One JSON file for what each trained candidate answered to one test, whole or absent."""

    def __init__(self, folder: Path, context: str, test: TextTest) -> None:
        """context: a ``fingerprint`` of how the candidates were trained; what was answered to another test,
        or by other weights, is not found."""
        self._folder, self._context, self._test = folder, context, test

    def find(self, trained: Trained) -> Answers | None:
        """What it answered; None where that is not known, or with a log line where the record is damaged."""
        key = self._key(trained)
        path = self._path(key)
        if not path.exists():
            return None
        try:
            known = read_sealed(path)
            if known["of"] != key:
                raise DamagedFileError(f"{path} is of another candidate")
        except DamagedFileError as error:
            _log.warning("%s; its text is written again", error)
            return None
        return tuple(known["answers"])

    def record(self, trained: Trained, answers: Answers) -> None:
        """Writes what it answered."""
        self._folder.mkdir(parents=True, exist_ok=True)
        key = self._key(trained)
        write_sealed(self._path(key), {"of": key, "answers": list(answers)})

    def _key(self, trained: Trained) -> str:
        """A digest of its weights, of where they belong, and of the test."""
        whole = {name: tensor.contiguous() for name, tensor in trained.tensors.items()}  # a cut has views
        weights = hashlib.sha256(save(whole)).hexdigest()
        known = json.dumps([self._context, self._test.digest, trained.allocation.ranks, weights])
        return hashlib.sha256(known.encode()).hexdigest()

    def _path(self, key: str) -> Path:
        return self._folder / f"{key[:24]}.answers.json"
