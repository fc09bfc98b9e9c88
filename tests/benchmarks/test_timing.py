from __future__ import annotations

from benchmarks.timing import least


def test_what_is_compared_is_run_in_turn_and_each_gets_its_own_time():
    order = []
    quick, busy = least(3, lambda: order.append("a"), lambda: order.append(sum(range(500_000))))
    assert order == ["a", 124_999_750_000] * 3
    assert 0 <= quick.cpu < busy.cpu
