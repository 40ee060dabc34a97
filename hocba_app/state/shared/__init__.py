"""What screens share: the gate, rights, live reloading, mixins."""
