"""A school's SMAS, the province's sector database behind it, and the Ministry's platform (simulator)."""
