"""A soak: everything at once against one costtop, for minutes or days; `scripts/soak` runs it."""
