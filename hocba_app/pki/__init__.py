"""Certificates, paths, revocation, time stamps, CMS and DER: no database, no settings."""
