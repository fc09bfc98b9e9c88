"""What a change of the project's files means: weaker, stricter, or something that only a person can say."""
