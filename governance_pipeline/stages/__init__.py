"""The steps of the night, one module each, in the order :mod:`governance_pipeline.nightly` takes them."""
