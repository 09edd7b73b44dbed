"""Proxies built of others."""
