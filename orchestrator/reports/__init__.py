"""Values in, text out: reports, pictures, progress. Pure, but for ``folder``, this room's one door to the disk."""
