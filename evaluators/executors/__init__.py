"""Spreading cohorts over devices and processes."""
