"""Benchmarks: each a command that prints medians and ratios to a floor measured in the same run."""
