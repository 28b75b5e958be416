"""What `scripts/bench` runs: one module a subject, each with `main(arguments)`."""
