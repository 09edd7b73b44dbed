"""What a handful of seeds can say: summaries, paired differences, rank correlation, many tests at once."""
