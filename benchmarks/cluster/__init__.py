"""A live search on a cluster that is not there."""
