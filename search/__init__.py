"""Searching allocations under a budget. Importing this package imports neither PyTorch nor Optuna.

* ``search.run``: the command. ``search.cli.command``, ``options``, ``option_limits``,
  ``search_options``: what it can be told.
* ``search.cli.run_search``: its folder first. ``search.run.pipeline``: what it does, over an ``evaluator``:
  one that fine-tunes (``trained``, with ``prepare``, ``inputs``, ``scoring``, ``fine_tune`` and, asked of the
  model itself, ``fit_to_model``), or one that looks up (``tabulated``).
* ``search.study``: the command that says which proxies can be trusted; with ``study.judging``, its
  statistics, and ``study.display``, its page and plots.
* ``search.allocation.registry``: by name; ``uniform``, ``random_allocation``, ``topk``, ``greedy``,
``exact``: each.
* ``search.sampling.proposals``: all proposals of a run; with ``samplers``, ``repaired_study``, ``repair``,
  ``proportional``, ``finalists``.
* ``search.run.result``, ``table``, ``verdict``, ``statistics``, ``heat_map``, ``site_grid``, ``picture``,
  ``study_db`` (with ``bulk_trials``): what people see. ``search.cli.progress``: how far.
* ``search.cli.output_folder``: whose a folder is, and what its results stand on; with ``output_path``,
  ``folder_record``, ``provenance``, ``storage_error``. ``search.cli.stopping``, ``shell_words``: how it ends.
"""
