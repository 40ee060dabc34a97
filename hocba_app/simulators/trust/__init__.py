"""A certificate authority to practise with: national root, issuing CA, OCSP, CRL and time stamps over real HTTP."""
