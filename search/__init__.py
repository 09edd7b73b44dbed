"""Searching allocations under a budget. Importing this package imports neither PyTorch nor Optuna.

* ``job``: model, task, space and budget, from plain arguments.
* ``allocation``: spending a budget on sites. ``sampling``: Optuna's samplers, and the study that shows it.
* ``run``: the search, and those who answer for its allocations. ``methods``: the papers' gate policies.
* ``study``: which proxies can be trusted. ``compare``: every method under one trainer.
* ``statistics``: what a handful of seeds can say. ``show``: what people look at.
* ``cli``: the commands.
"""
