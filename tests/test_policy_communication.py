"""The seven lines, exactly, and texts with placeholders."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.policy.communication import PLACEHOLDERS, compose, fill, one_line, unknown_placeholders

BERLIN = ZoneInfo("Europe/Berlin")
FULL: dict[str, Any] = {
    "title": "AI provider rate limited",
    "severity": "P1",
    "status": "Investigating",
    "impact": "About 1,200 analyses an hour fail",
    "start": datetime(2026, 11, 23, 1, 41, 7, 250_000, tzinfo=UTC),
    "start_kind": "impact",
    "current_status": "We moved half of the\ntraffic to another provider.",
    "next_update": datetime(2026, 11, 23, 2, 44, tzinfo=UTC),
    "zone": BERLIN,
}


def test_the_template_is_these_seven_lines() -> None:
    assert compose(**FULL) == (
        "INCIDENT: AI provider rate limited\n"
        "SEVERITY: P1\n"
        "STATUS: Investigating\n"
        "IMPACT: About 1,200 analyses an hour fail\n"
        "START TIME: 2026-11-23T02:41:07+01:00 (impact)\n"
        "CURRENT STATUS: We moved half of the traffic to another provider.\n"
        "NEXT UPDATE: 2026-11-23T03:44:00+01:00"
    )


def test_what_is_not_known_says_so() -> None:
    unknown = {**FULL, "impact": None, "current_status": None, "next_update": None, "start_kind": "detected"}

    assert compose(**unknown).splitlines()[3:] == [
        "IMPACT: not yet known",
        "START TIME: 2026-11-23T02:41:07+01:00 (detected)",
        "CURRENT STATUS: no update yet",
        "NEXT UPDATE: none planned",
    ]


@pytest.mark.parametrize("blank", ["", "  ", "\n \r\n"])
def test_blank_words_are_as_good_as_none(blank: str) -> None:
    lines = compose(**{**FULL, "impact": blank, "current_status": blank}).splitlines()

    assert lines[3] == "IMPACT: not yet known"
    assert lines[5] == "CURRENT STATUS: no update yet"


def test_each_time_has_the_offset_of_its_own_instant() -> None:
    across = {
        **FULL,
        "start": datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        "next_update": datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    }

    lines = compose(**across).splitlines()
    assert lines[4] == "START TIME: 2026-10-25T02:30:00+02:00 (impact)"
    assert lines[6] == "NEXT UPDATE: 2026-10-25T02:30:00+01:00"
    assert compose(**{**across, "zone": ZoneInfo("UTC")}).splitlines()[4].endswith("2026-10-25T00:30:00+00:00 (impact)")


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\n\n", " \n  ", "\x0b", "\x85", "\u2028", "\u2029"])
def test_line_breaks_become_one_space(line_end: str) -> None:
    assert one_line(f"one{line_end}two") == "one two"


def test_blanks_inside_a_line_stay() -> None:
    assert one_line("a  b\tc") == "a  b\tc"


@settings(deadline=None)
@given(st.text(), st.text(), st.text())
def test_whatever_people_type_it_stays_seven_lines_in_this_order(title: str, impact: str, current_status: str) -> None:
    text = compose(**{**FULL, "title": title, "impact": impact, "current_status": current_status})

    names = ["INCIDENT", "SEVERITY", "STATUS", "IMPACT", "START TIME", "CURRENT STATUS", "NEXT UPDATE"]
    assert [line.split(":")[0] for line in text.splitlines()] == names


def test_placeholders_are_filled_and_unknown_names_stay() -> None:
    text = fill(
        "{{incident.title}} ({{ incident.ref }}): {{nobody.knows}} {{", {"incident.title": "A", "incident.ref": "INC-1"}
    )

    assert text == "A (INC-1): {{nobody.knows}} {{"


def test_a_value_is_not_looked_into_again() -> None:
    assert fill("{{a}}{{b}}", {"a": "{{b}}", "b": "\\1 {{a}}"}) == "{{b}}\\1 {{a}}"


@pytest.mark.parametrize(
    "text", ["{{ 7*7 }}", "{{a.__class__}}", "{{a|upper}}", "{% if a %}", "{{a\n}}", "{a}", "{{}}"]
)
def test_there_is_no_logic(text: str) -> None:
    assert fill(text, {"a": "x"}) == text


def test_more_than_200_values_are_refused() -> None:
    assert fill("{{v7}}", {f"v{number}": str(number) for number in range(200)}) == "7"
    with pytest.raises(ValueError, match="200"):
        fill("", {f"v{number}": "" for number in range(201)})


@pytest.mark.parametrize("hostile", ["{{" * 50_000, "{{" + " " * 100_000, "{{a" * 40_000, "{{" + "a" * 100_000 + "}}"])
def test_hostile_templates_are_returned_as_they_are(hostile: str) -> None:
    assert fill(hostile, {"a": "x"}) == hostile


@settings(deadline=None)
@given(st.text(), st.dictionaries(st.sampled_from(["a", "b.c"]), st.text()))
def test_text_without_placeholders_is_untouched(text: str, values: dict[str, str]) -> None:
    plain = text.replace("{", "(")

    assert fill(plain, values) == plain


def test_the_editor_hears_which_names_nothing_will_fill() -> None:
    assert unknown_placeholders("{{incident.title}} {{ x }} {{y}} {{x}}") == ("x", "y")
    assert len({name for name, _ in PLACEHOLDERS}) == len(PLACEHOLDERS)
    for name, meaning in PLACEHOLDERS:
        assert fill("{{" + name + "}}", {name: "there"}) == "there"
        assert meaning
