"""Losses of everything that is trained, told to programs that draw them while it goes on."""
