"""Quiet hours: across midnight, in the person's own zone, right on the nights when the clock is changed."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from incidents.policy import quiet

BERLIN = ZoneInfo("Europe/Berlin")


def end(moment: str, begins: str = "22:00", ends: str = "07:00", zone: ZoneInfo = BERLIN) -> str | None:
    found = quiet.ends_at(
        datetime.fromisoformat(moment).replace(tzinfo=UTC),
        begins=time.fromisoformat(begins),
        ends=time.fromisoformat(ends),
        zone=zone,
    )
    return found.strftime("%d %H:%M") if found else None


@pytest.mark.parametrize(
    ("moment", "ends_at"),
    [
        ("2026-11-23T20:59", None),  # 21:59 in Berlin
        ("2026-11-23T21:00", "24 06:00"),
        ("2026-11-24T05:59", "24 06:00"),
        ("2026-11-24T06:00", None),
    ],
)
def test_they_go_over_midnight_and_end_on_the_minute(moment: str, ends_at: str | None) -> None:
    assert end(moment) == ends_at


def test_they_may_lie_within_one_day() -> None:
    assert end("2026-11-23T12:00", "12:00", "14:00") == "23 13:00"
    assert end("2026-11-23T10:59", "12:00", "14:00") is None
    assert end("2026-11-23T13:00", "12:00", "14:00") is None


def test_in_spring_the_night_is_an_hour_shorter_and_in_autumn_longer() -> None:
    assert end("2026-03-28T23:00") == "29 05:00"  # 07:00 is summer time already
    assert end("2026-03-29T05:00") is None
    assert end("2026-10-24T21:00") == "25 06:00"
    assert end("2026-10-25T05:59") == "25 06:00"


def test_an_end_that_the_clock_leaves_out_is_the_first_instant_after_it() -> None:
    assert end("2026-03-28T23:00", ends="02:30") == "29 01:00"  # 02:30 does not exist, 03:00 does


def test_two_zones_have_their_own_nights() -> None:
    assert end("2026-11-23T13:30", zone=ZoneInfo("Asia/Kolkata")) is None
    assert end("2026-11-23T16:30", zone=ZoneInfo("Asia/Kolkata")) == "24 01:30"
