"""Fifty YAML files made to exhaust whoever reads them. Run as a script, it reads each one and prints how
many were refused, so that a test can give the process a bound on memory and processor time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from governance_pipeline.charter.diagnostics import ProjectFilesInvalid
from governance_pipeline.charter.yaml_source import decode, parse_yaml


def laughs(levels: int, width: int, *, flow: bool, mapping: bool) -> str:
    """The billion laughs: each level refers to the one before ``width`` times."""
    lines = ["a0: &a0 lol"]
    for level in range(1, levels):
        inside = [f"*a{level - 1}"] * width
        if mapping:
            inside = [f"k{number}: {one}" for number, one in enumerate(inside)]
            body = "{" + ", ".join(inside) + "}" if flow else "".join(f"\n  {one}" for one in inside)
        else:
            body = "[" + ", ".join(inside) + "]" if flow else "".join(f"\n  - {one}" for one in inside)
        lines.append(f"a{level}: &a{level} {body}" if flow else f"a{level}: &a{level}{body}")
    return "\n".join(lines)


def bombs() -> Iterator[bytes]:
    for levels, width in ((10, 10), (30, 3), (100, 9)):
        for flow in (True, False):
            for mapping in (True, False):
                yield laughs(levels, width, flow=flow, mapping=mapping).encode()
    for text in (
        "a: &a [*a]",
        "&a {x: *a}",
        "a: &a {<<: *a}",
        "base: &b {x: 1}\nc:\n  <<: *b\n  <<: *b",
        "c:\n  <<: {a: 1, b: {c: 2}}",
        "c:\n  <<: [{a: 1}, {b: 2}]",
        "\n".join(f"k{n}: &k{n} {{<<: *k{n - 1}}}" if n else "k0: &k0 {x: 1}" for n in range(5000)),
        "a: &a " + "x" * 900_000 + "\nb: [" + "*a, " * 10_000 + "]",
        "- &a [" + "x, " * 1000 + "]\n" + "- *a\n" * 100_000,
    ):
        yield text.encode()
    for opening, closing, filling in (("[", "]", ""), ("{a: ", "}", "1"), ("[{a: ", "}]", "1")):
        for depth in (65, 1_000, 100_000):
            yield (opening * depth + filling + closing * depth).encode()[:999_999]
    for text in (
        "[" * 999_999,
        "{" * 999_999,
        "- " * 400_000 + "x",
        "".join(" " * n + f"k{n}:\n" for n in range(1000)),
        "".join(" " * n + "-\n" for n in range(1000)) + " " * 1001 + "x",
        "? " * 400_000 + "x",
        "[" + "1," * 499_000 + "1]",
        "[" + "[]," * 333_000 + "[]]",
        "{" + ",".join(f"k{n}: 1" for n in range(80_000)) + "}",
        "\n".join(f"k{n}: 1" for n in range(80_000)),
        "\n".join("k: 1" for n in range(180_000)),
        "\n".join(f"k{n}: !!python/object/apply:os.system [echo]" for n in range(15_000)),
        "a: !!binary " + "A" * 900_000 + "\nb: !!set {x, y}",
        "---\na: 1\n" * 90_000,
        "%TAG !x! tag:x,2000:\n---\na: !x!y 1",
        "a: " + "x" * 1_000_000,
        "a: |\n" + "  x\n" * 300_000,
        "#" * 1_000_001,
        '"' * 900_000,
        "a: '" + "x" * 900_000,
    ):
        yield text.encode()


def main() -> None:
    refused = 0
    for content in bombs():
        try:
            parse_yaml(decode(content, "bomb.yaml"), "bomb.yaml")
        except ProjectFilesInvalid:
            refused += 1
    sys.stdout.write(f"{refused} refused")


if __name__ == "__main__":
    main()
