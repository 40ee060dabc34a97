"""A small school beside its simulators, as for the signing tests."""

from tests.integration.signing.conftest import outside, small  # noqa: F401 - fixtures
