"""``python -m governance_pipeline``: the ``governance`` command where its script is not on the path."""

from governance_pipeline.cli.main import run

if __name__ == "__main__":
    run()
