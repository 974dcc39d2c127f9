"""States that take rows batch by batch and merge: one pass, exactly, for data of any size."""
