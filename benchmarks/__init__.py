"""Benchmarks: ratios within one run wherever the machine's speed matters."""
