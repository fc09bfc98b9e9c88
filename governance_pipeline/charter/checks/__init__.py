"""What no file can be wrong about alone: whether the files of a project fit each other."""
