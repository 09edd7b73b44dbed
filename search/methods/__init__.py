"""Gate policies: the methods of the papers over one gate vector (DESIGN, section 5); one file each."""
