"""Identifiers that nobody can guess, and instants as they are written."""

import re
import time

import pytest

from cordboard.runtime.clock import iso_utc, system_clock
from cordboard.runtime.ids import new_id


def test_an_id_is_its_prefix_and_96_random_bits() -> None:
    made = {new_id("num_") for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"num_[0-9a-f]{24}", one) for one in made)
    bits = [f"{int(one[4:], 16):096b}" for one in made]
    assert all(0 < sum(bit[place] == "1" for bit in bits) < 1000 for place in range(96))


@pytest.mark.parametrize(
    ("epoch_ms", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_705_314_600_000, "2024-01-15T10:30:00Z"),
        (1_705_314_600_999, "2024-01-15T10:30:00Z"),
        (951_782_400_000, "2000-02-29T00:00:00Z"),
        (4_102_444_799_999, "2099-12-31T23:59:59Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (-57_770_402_855_000, "0139-05-01T01:52:25Z"),
    ],
)
def test_an_instant_is_written_in_utc_with_whole_seconds_rounded_down(
    epoch_ms: int, text: str
) -> None:
    assert iso_utc(epoch_ms) == text


def test_the_system_s_clock_counts_milliseconds_since_1970() -> None:
    before = time.time()
    now_ms = system_clock()
    assert before * 1000 - 1 <= now_ms <= time.time() * 1000 + 1
