"""Figures against their bars: ``python -m benchmarks [--quick] [--json] [--only TOPIC]``."""
