"""Every method under one trainer and one budget: ``rankscape compare``.

* ``arm``, ``terms``, ``arm_training``: what is trained, on what, and how its learning rate is chosen.
* ``standing``, ``questions``, ``verdict``: what the runs say. ``leaderboard``: all of it, as a value.
* ``presets``: the papers' tables as data, and ours beside theirs.
"""
