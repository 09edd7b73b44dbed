"""One search of several processes, on several machines: who trains what, and who tells of it."""
