"""Makes a release: one version in one place, notes from the changelog, packages that were tried."""
