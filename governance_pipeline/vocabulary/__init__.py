"""The words of the project, one meaning each, as values without behaviour beyond themselves.

Bottom layer: everything may import it; it imports nothing of ours but :mod:`errors`.
"""
