"""A process that holds as many bytes as it is told, touched, and adds up the first ten numbers."""

from __future__ import annotations

import sys

from benchmarks.processes import tell

if __name__ == "__main__":
    held = bytearray(int(sys.argv[1]))
    held[::4096] = b"x" * len(held[::4096])
    tell(sum=sum(range(10)))
