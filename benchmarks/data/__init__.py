"""Tables and projects to measure, made from a seed and kept for one run."""
