"""Proxies that look at the pretrained weights and activations; one a file."""
