"""Tables of the configuration that have more to them than their fields."""
