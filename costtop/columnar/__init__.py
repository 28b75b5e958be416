"""Many values of one kind as columns: carried, priced and written so. No rules, no I/O."""
