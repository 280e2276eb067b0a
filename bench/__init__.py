"""Benchmarks: rows per second beside a baseline measured in the same run."""
