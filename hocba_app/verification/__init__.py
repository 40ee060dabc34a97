"""Bytes and trust become a verdict. No database, no settings."""
