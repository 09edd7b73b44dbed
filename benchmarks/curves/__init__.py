"""A table of learning curves: allocations by learning rates by scaling rules, judged on the way."""
