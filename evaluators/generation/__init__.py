"""Text that trained candidates write."""
