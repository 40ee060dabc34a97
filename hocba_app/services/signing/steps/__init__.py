"""The steps of a batch, one module each, named by the state they lead to."""
