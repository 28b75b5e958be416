"""Windows of plans: how full they are, when they will be, and who filled them. Arithmetic alone."""
