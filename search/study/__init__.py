"""Proxy correlation studies: ``python -m search.study`` says which cheap scores can be trusted.

* ``options``, ``settings``: what is compared. ``pipeline``: what is done, with ``scoring`` and ``draw``.
* ``notes``: what the table carries besides its rows. ``report``: everything that is made of the table.
* ``judging``: the statistics. ``display``: plots, page and text.
"""
