"""Proxies that look at a super-network after a few training steps; one a file."""
