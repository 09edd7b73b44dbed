"""What files and folders are called in the folder of a run, whoever writes them and whoever reads them."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ADAPTER_FOLDER",
    "ALLOCATION_FILE",
    "ANSWERS_FILE",
    "BEST_PLOT",
    "CANDIDATES",
    "FILES_FOLDER",
    "FINALISTS_PLOT",
    "FRONT_FOLDER",
    "FRONT_PLOT",
    "FRONT_TABLE",
    "LOGS",
    "RANKS_PLOT",
    "REPORT_PAGE",
    "RESULT_FILE",
    "RUNGS_PLOT",
    "SCORES",
    "STUDY_FILE",
]

RESULT_FILE: Final = "result.json"
"""With the tables of the same name beside it."""
ALLOCATION_FILE: Final = "allocation.json"
"""The winner's ranks; in ``FILES_FOLDER`` those of a trial."""
RANKS_PLOT: Final = "ranks.png"
"""The picture of them."""
FINALISTS_PLOT: Final = "finalists.png"
"""The picture of what was trained to the end."""
ADAPTER_FOLDER: Final = "adapter"
"""The folder of the winner's weights."""
ANSWERS_FILE: Final = "answers.jsonl"
"""What winner and baseline wrote."""
REPORT_PAGE: Final = "report.html"
"""Of a study, and of a live search from its first trial on."""
BEST_PLOT: Final = "best-so-far.png"
RUNGS_PLOT: Final = "rungs.png"
FRONT_FOLDER: Final = "front"
"""The folder of an adapter for each of the best trade-offs."""
FRONT_TABLE: Final = "front.csv"
FRONT_PLOT: Final = "front.png"
CANDIDATES: Final = "candidates"
"""Of finished candidates."""
SCORES: Final = "scores"
"""Of proxies."""
STUDY_FILE: Final = "study.db"
"""Into which optuna-dashboard writes."""
FILES_FOLDER: Final = "artifacts"
"""Of the files beside trials, some of which are running from the first second."""
LOGS: Final = "logs"
"""Of losses: other programs read along, and they say nothing that results do not."""
