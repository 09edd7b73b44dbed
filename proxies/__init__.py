"""Cheap scores that say which sites deserve rank. Importing this package does not import PyTorch.

* ``proxies.registry``: the proxies by name, and scoring a space with several at once.
* ``proxies.proxy``: what a proxy is. ``proxies.site_scores``: what it returns.
* ``proxies.base.constant``, ``grad_norm``, ``snip``, ``synflow``, ``spectrum``, ``gps``, ``plain``,
  ``fisher``, ``snr``, ``adam_gain``, ``adam_signal``, ``eva``, ``l2_norm``, ``condition``, ``params``,
  ``grasp``, ``zico``, ``jacov``, ``epe_nas``, ``nwot``: one proxy each.
* ``proxies.warm.sensitivity``, ``ablation``, ``solo``, ``alpha_test``: one each, or two, of the
super-network.
* ``proxies.composed.ensemble``: several as one, by mean rank. ``proxies.composed.root``: one, with worth
concave in rank.
* ``proxies.measure.evidence``: what proxies look at, measured once for all of them.
* ``proxies.measure.dense_gradients``: the gradient of every site's whole update, in one pass.
* ``proxies.measure.backward``: what sites read, and the gradients at their targets, in any such pass.
* ``proxies.measure.hessian``: the Hessian times that gradient. ``proxies.measure.row_features``: rows told
apart by a site.
* ``proxies.measure.super_network``: all sites trained together for a few steps, and its loss under many gate
  settings at once; with ``warm_up``, ``gated_wires``, ``weight_importance``.
* ``proxies.measure.dense_statistics``: what that pass can measure besides. ``proxies.measure.eigenvalues``:
of its matrices.
"""

from .site_scores import DegenerateScoreError, Point, SiteScores, per_unit_of_rank

__all__ = ["DegenerateScoreError", "Point", "SiteScores", "per_unit_of_rank"]
