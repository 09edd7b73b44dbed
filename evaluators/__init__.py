"""Fine-tuning allocations and measuring what they are worth.

Rooms in the order in which they import each other, from the lowest:

* ``base``: the frozen model that wires are added to, and what a file is by its bytes.
* ``metrics``: how good predictions are. ``objectives``: what is learned, and how a candidate is judged.
* ``data``: rows to train on, to select by, to report on.
* ``training``: many candidates at once over one base, under one gate policy; PEFT's own methods beside them.
* ``store``: what is kept of them on disk. ``adapters``: what was trained, in PEFT's format, loaded, merged.
* ``generation``: text that trained candidates write.
* ``executors``: cohorts on the devices of this machine, in its processes, on a cluster.
"""
