"""Figures against their bars: ``python -m benchmarks [--json] [--quick]``."""
