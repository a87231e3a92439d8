"""The catalogues are whole, and say dates, numbers and lists as each language does."""

from __future__ import annotations

from datetime import UTC, date, datetime
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from markupsafe import Markup

from incidents.kernel import languages
from incidents.kernel.languages import LANGUAGES, say, say_html, say_many, speaking
from incidents.policy import recurrence_words
from statuspage import repeating, times
from tests.sentences import sentences

OTHERS = [code for code in LANGUAGES if code != "en"]


def places(text: str) -> set[str]:
    return {name for _literal, name, _spec, _conversion in Formatter().parse(text) if name is not None}


# -- the catalogues ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_has_an_entry_and_every_entry_a_sentence(code: str) -> None:
    known = languages.catalogue(code).words
    assert sorted(sentences().keys() - known.keys()) == [], "to be translated"
    assert sorted(known.keys() - sentences().keys()) == [], "no longer said"


@pytest.mark.parametrize("code", OTHERS)
def test_every_entry_fills_the_same_places(code: str) -> None:
    wrong = []
    for text, told in languages.catalogue(code).words.items():
        for form, each in ({"other": told} if isinstance(told, str) else told).items():
            missing = places(text) ^ places(each)
            if missing - ({"count"} if form == "one" else set()):
                wrong.append(f"{text} ({form}): {sorted(missing)}")
    assert wrong == []


@pytest.mark.parametrize("code", OTHERS)
def test_what_counts_has_the_forms_of_its_language_and_nothing_else_has(code: str) -> None:
    forms = {languages.form_of(code, count) for count in range(1000)}
    wrong = []
    for text, counts in sentences().items():
        told = languages.catalogue(code).words[text]
        if (isinstance(told, str) if counts and forms > {"other"} else not isinstance(told, str)) or (
            not isinstance(told, str) and told.keys() != forms
        ):
            wrong.append(text)
    assert wrong == []


@pytest.mark.parametrize("code", OTHERS)
def test_entries_are_tidy(code: str) -> None:
    """No entry is empty or ends otherwise than the English one, and a Japanese sentence ends as one."""
    stop = "。" if code == "ja" else "."
    wrong = []
    for text, told in languages.catalogue(code).words.items():
        for each in [told] if isinstance(told, str) else told.values():
            short = text.endswith(("d", " h", " min", "{day}", "first", "how"))  # abbreviations may end in a stop
            if not each.strip() or each != each.strip() or (text.endswith(".") != each.endswith(stop) and not short):
                wrong.append(text)
    assert wrong == []


def test_what_has_no_entry_is_said_in_english() -> None:
    with speaking("de"):
        assert say("Not in any catalogue, {name}", name="Ada") == "Not in any catalogue, Ada"
        assert say_many(1, "{count} unknown", "{count} unknowns") == "1 unknown"
    with speaking("xx"):
        assert languages.spoken() == "en"


def test_a_language_is_spoken_until_its_block_ends() -> None:
    with speaking("de"):
        with speaking("ja"):
            assert say("Resolved") == "解決済み"
        assert say("Resolved") == "Behoben"
    assert say("Resolved") == "Resolved"


def test_numbers_take_the_form_of_their_language() -> None:
    told = {}
    for code in LANGUAGES:
        with speaking(code):
            told[code] = [
                say_many(count, "{count} incident is open.", "{count} incidents are open.") for count in (0, 1, 2)
            ]
    assert told["en"] == ["0 incidents are open.", "1 incident is open.", "2 incidents are open."]
    assert told["de"] == ["0 Störungen sind offen.", "1 Störung ist offen.", "2 Störungen sind offen."]
    assert told["fr"][0] == "0 incident est en cours."
    assert told["ja"] == ["0件の障害に対応中です。", "1件の障害に対応中です。", "2件の障害に対応中です。"]


def test_values_are_escaped_in_markup_but_for_markup() -> None:
    with speaking("de"):
        told = say_html("It continues in {link}.", link=Markup("<a>{}</a>").format("<b>"))
        assert told == "Weiter geht es in <a>&lt;b&gt;</a>."
        assert say_html("Affects {names}", names="<b>") == "Betrifft &lt;b&gt;"


# -- dates, times, lists -----------------------------------------------------------------------------------------------


def test_times_keep_24_hours_and_their_zone_in_every_language() -> None:
    berlin, moment = ZoneInfo("Europe/Berlin"), datetime(2026, 11, 27, 13, 30, tzinfo=UTC)
    told = {}
    for code in LANGUAGES:
        with speaking(code):
            told[code] = times.both_with_day(moment, berlin, now=datetime(2027, 1, 4, tzinfo=UTC))
    assert told == {
        "en": "14:30 CET (13:30 UTC), Fri 27 Nov 2026",
        "de": "Fr, 27. Nov. 2026, 14:30 MEZ (13:30 UTC)",
        "es": "vie, 27 nov 2026, 14:30 CET (13:30 UTC)",
        "fr": "ven. 27 nov. 2026, 14:30 CET (13:30 UTC)",
        "pt": "sex., 27 de nov. de 2026, 14:30 CET (13:30 UTC)",
        "ja": "2026年11月27日(金) 14:30 CET (13:30 UTC)",
    }


def test_repetition_reads_in_english_as_the_team_reads_it() -> None:
    first = date(2026, 11, 24)
    for rule in (
        "FREQ=DAILY;INTERVAL=3",
        "FREQ=WEEKLY;BYDAY=TU,TH;COUNT=1",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;COUNT=5",
        "FREQ=MONTHLY;BYDAY=1TU,-1SA",
        "FREQ=MONTHLY;BYMONTHDAY=3,-1;UNTIL=20271231",
        "FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=24",
        "FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=1",
    ):
        assert repeating.in_words(rule, first) == recurrence_words.in_words(rule, first)


def test_repetition_reads_well_elsewhere() -> None:
    rule, told = "FREQ=MONTHLY;BYDAY=1TU,-1SA", {}
    for code in OTHERS:
        with speaking(code):
            told[code] = repeating.in_words(rule, date(2026, 11, 24))
    assert told == {
        "de": "jeden Monat am ersten Dienstag und letzten Samstag",
        "es": "cada mes, el primer martes y último sábado",
        "fr": "chaque mois, le premier mardi et dernier samedi",
        "pt": "todos os meses: primeira terça-feira e último sábado",
        "ja": "毎月第1火曜日、最終土曜日に",
    }


# -- choosing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "best"),
    [
        ("fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        ("xx, de;q=0.3, ja;q=0.5", "ja"),
        ("en;q=0, pt-BR", "pt"),
        ("*", "es"),
        ("", "es"),
        (None, "es"),
        ("de;q=abc, " + "x," * 5000, "es"),
    ],
)
def test_accept_language_is_read_as_it_is_meant(header: str | None, best: str) -> None:
    assert languages.best_for(header, LANGUAGES, otherwise="es") == best
