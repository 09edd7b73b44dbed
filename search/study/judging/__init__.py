"""The statistics of a study: what each proxy's scores are worth.

* ``report_card``, ``stratum_report``: what is said, as values; begin there.
* ``columns``, ``sample``: a table as arrays. ``judge``, ``cards``, ``contests``: the values are made of them.
* ``correlation``, ``at_k``, ``noise_ceiling``, ``permutation``, ``bootstrap``: one kind of statistic each.
* ``verdict``: the answer in a sentence.
"""
