"""What building a wheel needs besides the package."""
