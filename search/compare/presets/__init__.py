"""The papers' tables, to be trained and laid out again: ``registry`` finds them by name."""
