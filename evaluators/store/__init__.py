"""What is kept on disk, whole or not at all: finished candidates, and tables of them."""
