"""Which controls of published frameworks the record supports, and what would raise that.

A mapping supports a control. Whether the control is met, people decide.
"""
