"""Rows to train on, to select by and to report on: where they come from, and how they are batched."""
