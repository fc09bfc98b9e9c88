"""Nightly measured governance for machine-learning models."""
