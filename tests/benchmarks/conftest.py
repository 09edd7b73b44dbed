"""Fixtures of the benchmarks' tests."""

from tests.benchmarks.synthetic_contest import synthetic  # noqa: F401
