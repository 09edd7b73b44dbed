"""A search from end to end, and those who answer for its allocations: by training, from a table, or
from shared weights.
"""
