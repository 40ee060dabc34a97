"""The web console of SMAS and of the Ministry's platform: plain pages from the server, no script."""
