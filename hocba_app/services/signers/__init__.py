"""Who signs with what: signing accounts and certificates, assignments, ký thay, and the gaps left before a lock."""
