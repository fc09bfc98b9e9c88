"""Terms of other people's vocabularies, as data."""
