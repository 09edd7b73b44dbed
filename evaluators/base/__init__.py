"""The frozen model that wires are added to, its weights' files and its padding."""
