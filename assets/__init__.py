"""The Dagster code location: thin, and the only place that imports dagster.

Dagster's words for ours: a governed table is an external asset; what the night does is one
daily-partitioned multi-asset, so that Dagster and ``governance nightly`` run the same function; a
measured outcome is an asset check on the table it is about.
"""
