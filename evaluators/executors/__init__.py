"""Who trains cohorts: this process, several of this machine, the workers of a cluster."""
