"""The ``governance`` command; also ``python -m governance_pipeline`` where its script is not on the path."""

import signal
import sys

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def start() -> None:
    """Run the command. Ctrl-C before it has been read, or while Python takes itself down after it, ends it
    quietly too: nothing has begun by then, or all is done.
    """
    try:
        from governance_pipeline.cli.main import run

        run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    start()
