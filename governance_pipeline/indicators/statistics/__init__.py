"""The mathematics behind drift and bias: pure functions of counts, each with its source.

Counts come in as arrays of equal length, one entry per bin, category or cell. Nothing here sees a
row, a name or a clock. ``scipy`` is imported where it is used: it costs a second that the command
line would otherwise pay for every verb.
"""
