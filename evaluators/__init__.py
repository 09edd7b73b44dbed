"""Fine-tuning allocations and measuring what they are worth.

* ``base``: the frozen model that wires are added to. ``data``: rows to train on, to select by, to report on.
* ``objectives``: what is learned, and how a candidate is judged. ``metrics``: how good predictions are.
* ``training``: many candidates at once over one base, under one gate policy; PEFT's own methods beside them.
* ``executors``: cohorts over devices and processes. ``store``: what is kept of them on disk.
* ``adapters``: what was trained, in PEFT's format, loaded, merged.
"""
