"""The library: what is found by which words, in which order, by whom, and that it is current in every transaction."""

from __future__ import annotations

from flask import Flask

from incidents import actions
from incidents.access.visibility import visible_to
from incidents.kernel.database import db
from incidents.policy import asked_words
from incidents.records.people import Person
from incidents.reports import search
from incidents.reports.search import Hit
from tests.factories import an_incident
from tests.factories_people import make_person


def found(words: str, viewer: Person, **more: object) -> list[Hit]:
    return search.find(
        asked_words.read(words),
        seen=visible_to(viewer),
        sees_drafts=True,
        **more,  # type: ignore[arg-type]
    ).hits


def told(words: str, viewer: Person) -> list[tuple[str, str]]:
    return [(str(hit.kind), hit.incident.ref) for hit in found(words, viewer)]


def test_words_are_found_whatever_their_accents_case_and_script(app: Flask) -> None:
    maya = make_person()
    incident = an_incident(by=maya, title="Zürich: Straßen-Dienst fällt aus")
    actions.add_note(incident, by=maya.as_actor(), body="支付系统故障, Łódź is fine")
    db.session.flush()

    for words in ("zurich", "ZÜRICH strasse", "fallt au", '"strassen dienst"', "dienst"):
        assert told(words, maya) == [("incident", incident.ref)], words
    for words in ("系统", "障", "lodz", "付系"):
        assert told(words, maya) == [("timeline", incident.ref)], words
    for words in ('"strassen aus"', "urich", "系障", '"diens"'):
        assert told(words, maya) == [], words
