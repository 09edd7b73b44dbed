"""Pictures of the sites of a space, and the look that all pictures share."""
