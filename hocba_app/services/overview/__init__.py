"""What a person sees first: what waits, how far the school is, what happened."""
