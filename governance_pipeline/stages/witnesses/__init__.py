"""Copies of the ledger's checkpoints, one kind of place a module."""
