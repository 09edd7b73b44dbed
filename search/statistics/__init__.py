"""What a handful of seeds can say."""
