"""Proxies that look at the pretrained weights and activations, or at nothing; one a file."""
