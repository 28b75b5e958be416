"""What agents tell of plans' windows, as history."""
