"""How SMAS computes results: code of its own, so that the product's check has something to disagree with."""
