"""Random draws that belong to a name: the same for everyone who shares the seed."""

import hashlib

import numpy as np

__all__ = ["named_generator"]


def named_generator(seed: int, name: str) -> np.random.Generator:
    """A generator of its own for (seed, name), independent of what else is drawn, and in which order."""
    return np.random.default_rng([seed, int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")])
