"""A school's year played headless through the product's own services, and what a demonstration shares with it."""
