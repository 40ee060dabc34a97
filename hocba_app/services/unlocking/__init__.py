"""Taking a lock back: asking, approving, what must be signed again."""
