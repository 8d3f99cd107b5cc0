"""How fast and how small, each against a named baseline of the same run: `python -m benchmarks`."""
