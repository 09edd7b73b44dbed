"""What trained candidates write: asked for together, none of it twice, and judged."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from evaluators.executors.workload import Workload
from evaluators.generation.answer_book import AnswerBook
from evaluators.generation.answers import Answers, answers_of
from evaluators.generation.text_test import TextTest
from evaluators.store.whole_file import write_whole
from evaluators.training.candidate import Trained
from spaces.counted import counted

from .ground import Ground
from .progress import Progress, silent
from .run_names import ANSWERS_FILE
from .text_record import TextRecord, TextSample

__all__ = ["Writers", "Writing", "write_answers", "write_texts"]

_SAMPLES: Final = 8
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Writers:
    """Runs of one allocation or method, one a seed, by the name that a reader knows. workload: theirs, with a
    test of text where they leave no adapter."""

    name: str
    workload: Workload
    runs: Sequence[Trained]


@dataclass(frozen=True, eq=False)
class Writing:
    """What several wrote in answer to one test. answers: of each by name, one a seed; None where that run
    failed."""

    test: TextTest
    answers: Mapping[str, tuple[Answers | None, ...]]

    @cached_property
    def record(self) -> TextRecord:
        """Its numbers, and the answers to the first prompts by everyone's first run that finished."""
        test, prompts = self.test, self.test.prompts
        scores = {
            name: [None if own is None else test.score(own) for own in runs]
            for name, runs in self.answers.items()
        }
        first = {
            name: said
            for name, runs in self.answers.items()
            if (said := next((own for own in runs if own is not None), None)) is not None
        }
        return TextRecord(
            prompts=len(prompts),
            decoding=asdict(test.decoding),
            scores={
                name: {
                    metric: tuple(None if own is None else own[metric] for own in runs)
                    for metric in test.metrics
                }
                for name, runs in scores.items()
            },
            samples=tuple(
                TextSample(text, references, {name: said[i] for name, said in first.items()})
                for i, (text, references) in enumerate(
                    list(zip(prompts.texts, prompts.references, strict=True))[:_SAMPLES]
                )
            ),
        )

    @property
    def lines(self) -> str:
        """A JSON object a line for each prompt: its text, its references, and what was answered, by seed."""
        rows = zip(self.test.prompts.texts, self.test.prompts.references, strict=True)
        return "".join(
            json.dumps({"prompt": text, "references": references, "answers": self._to(i)}) + "\n"
            for i, (text, references) in enumerate(rows)
        )

    def _to(self, prompt: int) -> dict[str, list[str | None]]:
        return {
            name: [None if own is None else own[prompt] for own in runs]
            for name, runs in self.answers.items()
        }


def write_texts(
    writers: Sequence[Writers], ground: Ground, folder: Path, *, progress: Progress = silent
) -> Writing | None:
    """What all of them answer to the ground's test; None where it has none.

    Args:
        writers: each with a name of its own; those of equal weights are asked once.
        ground: the model, the test and the machine, the first device of which writes.
        folder: every run's answers are written there as soon as they are known; those it holds are read.
        progress: counts answers.
    """
    test = ground.text_test
    if test is None:
        return None
    books = [AnswerBook(folder, one.workload.fingerprint, test) for one in writers]
    known = [[_known(one, book, run) for run in one.runs] for book, one in zip(books, writers, strict=True)]
    waiting = [
        (one, book, own, [i for i, run in enumerate(one.runs) if own[i] is None and _can_write(one, run)])
        for one, book, own in zip(writers, books, known, strict=True)
    ]
    total = len(test.prompts) * sum(len(left) for *_, left in waiting)
    _log.info("writing  answers to %s", counted(len(test.prompts), "prompt"))
    with progress("generating", total, "answer") as advance:
        for one, book, own, left in waiting:
            for i, said in _written(one, left, ground, test, advance):
                book.record(one.runs[i], said)
                own[i] = said
    return Writing(test, {one.name: tuple(own) for one, own in zip(writers, known, strict=True)})


def write_answers(writing: Writing | None, folder: Path) -> None:
    """Writes all of it into ``answers.jsonl``; of nothing, removes that of an earlier result."""
    if writing is None:
        (folder / ANSWERS_FILE).unlink(missing_ok=True)
    else:
        write_whole(folder / ANSWERS_FILE, writing.lines)


def _written(
    one: Writers, left: Sequence[int], ground: Ground, test: TextTest, advance: Callable[[int], None]
) -> Iterator[tuple[int, Answers]]:
    """The runs at these places with what they answer, as many at once as a cohort holds."""
    load = one.workload
    for start in range(0, len(left), ground.machine.cohort_size):
        some = left[start : start + ground.machine.cohort_size]
        runs = [one.runs[i] for i in some]
        said = answers_of(
            ground.model, load.sites, load.task.objective, runs, load.recipe, test, on_rows=advance
        )
        yield from zip(some, said, strict=True)


def _can_write(one: Writers, run: Trained) -> bool:
    """Whether it finished, as an adapter of the base model: the others wrote when they had finished."""
    return run.evaluation.failure is None and one.workload.text_test is None


def _known(one: Writers, book: AnswerBook, run: Trained) -> Answers | None:
    """What it wrote before; None where that is not known."""
    return book.find(run) if _can_write(one, run) else run.answers
