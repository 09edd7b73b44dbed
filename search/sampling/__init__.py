"""Proposals: every proxy with every allocator, Optuna's samplers over feasible allocations, and the
study that shows them.
"""
