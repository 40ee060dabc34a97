"""Kills a working process at every step and at random instants, restarts it, and checks that nothing was lost or doubled."""
