"""Adapters for those who serve them: the same deltas as PEFT's files, laid out as a server reads them."""
