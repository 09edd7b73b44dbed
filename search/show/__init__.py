"""What people look at: aligned text, rank maps, pictures."""
