"""What others would run, and our side of it, each as a process of its own."""
