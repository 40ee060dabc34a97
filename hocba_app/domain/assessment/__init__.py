"""How a year is judged: pure rules, decimal arithmetic only, one module a regime, reached through `regimes.regime`."""
