"""A national root, a certificate authority, revocation data and a time-stamp authority, all made up on first start."""
