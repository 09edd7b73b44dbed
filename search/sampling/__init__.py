"""Proposals: every proxy with every allocator, and Optuna's samplers over feasible allocations."""
