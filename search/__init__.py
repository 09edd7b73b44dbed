"""Searching allocations under a budget. Importing this package imports neither PyTorch nor Optuna.

* ``search.run``: the command. ``search.options``: what it can be told. ``search.pipeline``: what it does,
  with ``prepare``, ``inputs``, ``scoring``, ``output_folder``, ``progress``.
* ``search.allocators``: by name; ``uniform``, ``random_allocation``, ``topk``, ``greedy``, ``exact``: each.
* ``search.proposals``: all proposals of a run; with ``samplers``, ``repaired_study``, ``repair``,
  ``finalists``.
* ``search.report``, ``statistics``, ``heat_map``, ``study_db``: what people see.
"""
