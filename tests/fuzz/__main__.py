"""``python -m tests.fuzz --runs 2000 --seed 1``: the long form. Prints what came out; exit 1 when something else than it may."""

from __future__ import annotations

import argparse
import sys

from tests.fuzz.inputs import fuzz


def main() -> int:
    """Read the arguments, run, report."""
    parser = argparse.ArgumentParser(prog="tests.fuzz")
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    found = fuzz(given.runs, given.seed)
    sys.stdout.write("".join(f"{name}: {count}\n" for name, count in found.outcomes.most_common()))
    sys.stdout.write("".join(f"FAILED {failure}\n" for failure in found.failures))
    return 1 if found.failures else 0


if __name__ == "__main__":
    sys.exit(main())
