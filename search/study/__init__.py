"""Proxy correlation studies: ``python -m search.study`` says which cheap scores can be trusted."""
