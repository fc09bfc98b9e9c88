"""Writes TC strings bit by bit, as the specification lays them out, apart from the code that reads them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
Restriction = tuple[int, int, list[tuple[int, int]]]


def written(
    consent: Collection[int] = (),
    legitimate: Collection[int] = (),
    vendors: Collection[int] = (),
    legitimate_vendors: Collection[int] = (),
    *,
    ranged: bool = False,
    legitimate_ranged: bool = False,
    restrictions: Sequence[Restriction] = (),
    at: int = 15_800_000_000,
) -> str:
    bits = f"{2:06b}{at:036b}{at:036b}{27:012b}{1:012b}{3:06b}{4:06b}{13:06b}{15:012b}{2:06b}"
    bits += "00" + "0" * 12 + field(consent, 24) + field(legitimate, 24) + "0" + f"{0:06b}{0:06b}"
    bits += listed(vendors, ranged=ranged) + listed(legitimate_vendors, ranged=legitimate_ranged)
    bits += f"{len(restrictions):012b}"
    for purpose, kind, ranges in restrictions:
        bits += f"{purpose:06b}{kind:02b}" + entries(ranges)
    bits += "0" * (-len(bits) % 6)
    return "".join(LETTERS[int(bits[start : start + 6], 2)] for start in range(0, len(bits), 6))


def field(numbers: Collection[int], length: int) -> str:
    return "".join("1" if one in numbers else "0" for one in range(1, length + 1))


def listed(vendors: Collection[int], *, ranged: bool) -> str:
    highest = max(vendors, default=0)
    if not ranged:
        return f"{highest:016b}0{field(vendors, highest)}"
    runs: list[tuple[int, int]] = []
    for one in sorted(vendors):
        if runs and runs[-1][1] == one - 1:
            runs[-1] = (runs[-1][0], one)
        else:
            runs.append((one, one))
    return f"{highest:016b}1{entries(runs)}"


def entries(ranges: Sequence[tuple[int, int]]) -> str:
    text = f"{len(ranges):012b}"
    for first, last in ranges:
        text += f"0{first:016b}" if first == last else f"1{first:016b}{last:016b}"
    return text
