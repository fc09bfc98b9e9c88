"""The record of every act that nobody can alter unseen: entries, Merkle tree, signed checkpoints, permits."""
