"""Cheap scores that say which sites deserve rank. Importing this package does not import PyTorch.

* ``registry``: the proxies by name, and scoring a space with several at once; ``proxy``: what one is;
  ``site_scores``: what it returns.
* ``dense``, ``init``, ``warm``, ``base``: one proxy a file, by the point at which it is evaluated (DESIGN,
  section 6). ``composed``: those built of others.
* ``measure``: what they look at, measured once for all of them.
"""

from .site_scores import DegenerateScoreError, Point, SiteScores, per_unit_of_rank

__all__ = ["DegenerateScoreError", "Point", "SiteScores", "per_unit_of_rank"]
