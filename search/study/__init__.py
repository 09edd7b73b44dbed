"""Proxy studies: ``rankscape study`` says which cheap scores can be trusted.

* ``settings``, ``strata``: what is compared. ``draw``, ``scoring``, ``pipeline``: the table is made.
* ``judging``: the statistics, of plain arrays. ``report``: all that is made of the table alone.
* ``display``: a report as plots, a page and a text.
"""
