"""Proxies that look at the gradient of every site's whole update; one a file, with its other points
beside it.
"""
