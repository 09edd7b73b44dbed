"""The papers' tables, as data to be trained and laid out again: ``registry`` finds them by name."""
