"""What files and folders are called in the folder of a run, whoever writes them and whoever reads them."""

from __future__ import annotations

from typing import Final

__all__ = ["CANDIDATES", "FILES_FOLDER", "LOGS", "SCORES", "STUDY_FILE"]

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
