"""Proxies that look at nothing but sites: the controls; one a file."""
