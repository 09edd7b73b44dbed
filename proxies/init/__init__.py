"""Proxies that look through the A with which wires start; one a file."""
