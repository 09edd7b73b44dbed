"""Every method under one trainer and one budget: ``python -m search.compare``."""
