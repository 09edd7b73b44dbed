"""What people look at: aligned text, numbers, rank maps, plots; made of plain values and arrays."""
