"""What an operator does, as docs/administration.md tells him."""
