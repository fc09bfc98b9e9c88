"""Milestones, cross-functional reviews and the gate: measurements become decisions here."""
