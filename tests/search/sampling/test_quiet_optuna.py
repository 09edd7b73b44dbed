"""Optuna says nothing of new studies while it is kept quiet, and what it said before afterwards."""

import optuna

from search.sampling.quiet_optuna import quiet_optuna


def test_optuna_is_quiet_only_inside():
    before = optuna.logging.get_verbosity()
    with quiet_optuna():
        assert optuna.logging.get_verbosity() >= optuna.logging.WARNING
    assert optuna.logging.get_verbosity() == before
