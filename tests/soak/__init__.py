"""Night after night in one process, with random faults: nothing may add up. ``scripts/soak`` starts it."""
