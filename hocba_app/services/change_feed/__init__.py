"""Which screens must read again after a change, and what is remembered until then."""
