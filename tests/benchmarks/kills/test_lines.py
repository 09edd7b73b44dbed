"""What came of kills is summed from the lines that were written of them."""

import json

from benchmarks.kills.lines import LINES, campaigns_summed

SAID = [
    {"undisturbed": 2.5, "faults": []},
    {"kill": 0, "how": "late", "moment": 1.0, "after": "searching: 0 of 10 trials"},
    {"kill": 1, "how": "early", "moment": 0.1, "after": ""},
    {"faults": ["left study.db-journal"]},
]


def test_kills_ends_and_faults_are_counted(tmp_path):
    (tmp_path / "run-group-kill").mkdir()
    text = "".join(json.dumps(one) + "\n" for one in SAID)
    (tmp_path / "run-group-kill" / LINES).write_text(text)
    assert campaigns_summed(tmp_path) == {
        "run-group-kill": {
            "kills": 2,
            "compared": 1,
            "seconds_of_computing": 2.5,
            "after": {"nothing yet": 1, "searching": 1},
            "faults": ["left study.db-journal"],
        }
    }
