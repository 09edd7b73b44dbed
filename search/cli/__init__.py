"""The commands: what can be typed, where results are written, and how a run begins and ends."""
