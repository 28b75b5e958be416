"""Windows of plans, as readers see them."""
