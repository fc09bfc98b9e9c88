"""One scan of a dataset, where its rows are, into a small mergeable profile."""
