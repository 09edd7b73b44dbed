"""Lists of what has a name but needs no section: tasks, and metrics of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from evaluators.data.corpora.registry import CORPORA, QUIZZES
from evaluators.data.named_tasks import NAMED_TASKS
from evaluators.metrics.of_text import TEXT_METRICS


def setup(app: Sphinx) -> ExtensionMetadata:
    """Adds the directives."""
    for directive in (TaskNames, TextMetrics):
        app.add_directive(directive.known_as, directive)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Listed(SphinxDirective):
    """Lines of reStructuredText."""

    known_as: ClassVar[str]

    def lines(self) -> Iterator[str]:
        """One after the other."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        parent = nodes.container()
        self.state.nested_parse(StringList(list(self.lines()), source=f"<{self.known_as}>"), 0, parent)
        return parent.children


class TaskNames(Listed):
    """Of labels, of prompts and answers, and of questions with choices."""

    known_as = "task-names"

    def lines(self) -> Iterator[str]:
        yield "* **Labels**, judged by: "
        yield (
            "  "
            + ", ".join(f"``{name}`` ({task.metric})" for name, task in sorted(NAMED_TASKS.items()))
            + "."
        )
        yield "* **Prompts and answers**:"
        yield ""
        for name, corpus in CORPORA.items():
            yield f"  * ``{name}``: {corpus.layout}; {', '.join(corpus.text_metrics)}."
        yield ""
        yield "* **Questions with choices**:"
        yield ""
        yield from (f"  * ``{name}``: {quiz.layout}." for name, quiz in QUIZZES.items())


class TextMetrics(Listed):
    """Each with what it is."""

    known_as = "text-metrics"

    def lines(self) -> Iterator[str]:
        for name, metric in TEXT_METRICS.items():
            better = {"maximize": "more", "minimize": "less"}[metric.direction]
            said = " ".join((metric.of.__doc__ or "").split("\n\n")[0].split())
            yield f"* ``{name}`` ({better} is better): {said}"
