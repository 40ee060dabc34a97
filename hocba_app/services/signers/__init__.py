"""Who signs with what: MySign accounts and certificates, assignments, ký thay, and the gaps left before a lock."""
