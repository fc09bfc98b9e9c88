"""The ``governance`` command; also ``python -m governance_pipeline`` where its script is not on the path."""

import sys

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def start() -> None:
    """Run the command. Ctrl-C before it has been read ends it quietly too: nothing has begun by then."""
    try:
        from governance_pipeline.cli.main import run
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    run()


if __name__ == "__main__":
    start()
