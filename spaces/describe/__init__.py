"""``python -m spaces.describe``: the sites of a model and their cost."""
