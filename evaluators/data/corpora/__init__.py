"""Corpora that have a name: how their files are laid out, what is asked of a model, and how it is judged."""
