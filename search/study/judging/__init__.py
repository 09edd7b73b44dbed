"""The statistics of a study: what each proxy's scores are worth."""
