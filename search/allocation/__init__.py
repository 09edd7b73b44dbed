"""Spending a budget on sites: by scores, evenly, or by chance."""
