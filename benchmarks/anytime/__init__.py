"""How good the best adapter is, against what was spent on the search for it."""
