"""Experiments that were stated before they ran (results/ladder and its neighbours), and what came of them."""
