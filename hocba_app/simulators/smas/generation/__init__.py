"""Whole schools and their year, made from a seed."""
