"""The folder of one run: whose it is, what its results stand on, and that nobody else writes there."""
