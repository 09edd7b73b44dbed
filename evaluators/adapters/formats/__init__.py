"""A ``LoraConfig`` as text that other programs read; one format a file."""
