"""What is learned: the loss, what trains beside the wires, and how a candidate is judged."""
