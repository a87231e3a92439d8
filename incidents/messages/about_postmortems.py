"""Letters about a post-mortem: that it is owed, that it names somebody, and what becomes of its review."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from ..records.incidents import Incident
from .about_incidents import letter
from .letters import Button, Letter


def reminder(incident: Incident, *, day: date, zone: ZoneInfo, base_url: str, has_owner: bool) -> Letter:
    """It is due tomorrow, today, or late by days; ``day`` is the reader's own."""
    assert incident.postmortem_due_at is not None
    due = incident.postmortem_due_at.astimezone(zone)
    late = (day - due.date()).days
    when = {-1: "is due tomorrow", 0: "is due today"}.get(late, f"is {late} day{'s' if late != 1 else ''} late")
    at = f"{due.day} {due:%b %Y, %H:%M} {due.tzname() or 'UTC'}"
    room = f"{base_url}/console/incidents/{incident.ref}"
    owner = "You are its owner." if has_owner else "Nobody owns it yet: whoever takes it is its owner from then on."
    return letter(
        incident,
        headline=f"the post-mortem {when}",
        paragraphs=[
            f"The post-mortem of {incident.title} {when}: {at}. {owner}",
            "It drafts itself from what was recorded. Publish it to colleagues or waive it, and these reminders end.",
        ],
        buttons=[Button("Write it", f"{room}/postmortem/edit"), Button("Open the incident", room)],
        template="",
    )


def mention(incident: Incident, *, by_name: str, place: str, base_url: str) -> Letter:
    """Somebody named the reader in a section or a comment; the words stay where only those who may see them do."""
    kind, _, name = place.partition("/")
    address = f"{base_url}/console/incidents/{incident.ref}/postmortem"
    where = "a comment on the post-mortem" if kind == "comment" else "the post-mortem"
    address += f"/comments#comment-{name}" if kind == "comment" else f"#{name}"
    return letter(
        incident,
        headline=f"{by_name} named you in the post-mortem",
        paragraphs=[f"{by_name} named you in {where} of {incident.ref}: {incident.title}."],
        buttons=[Button("Read it", address)],
        template="",
    )


def review_asked(incident: Incident, *, by_name: str, base_url: str) -> Letter:
    """The reader is asked to read the post-mortem before colleagues have it."""
    return _about_review(
        incident,
        "please review the post-mortem",
        f"{by_name} asks you to read the post-mortem of {incident.title} before it is published to colleagues. "
        "Publish it, or send it back with a reason.",
        base_url,
    )


def sent_back(incident: Incident, *, by_name: str, base_url: str) -> Letter:
    """The review's answer is no; the reason stands where it can be read."""
    return _about_review(
        incident,
        f"{by_name} sent the post-mortem back",
        f"{by_name} read the post-mortem of {incident.title} and sent it back. The reason stands beside it.",
        base_url,
    )


def approved(incident: Incident, *, by_name: str, base_url: str) -> Letter:
    """The reviewer published it."""
    return _about_review(
        incident,
        "the post-mortem is published to colleagues",
        f"{by_name} reviewed the post-mortem of {incident.title} and published it to colleagues.",
        base_url,
    )


def _about_review(incident: Incident, headline: str, words: str, base_url: str) -> Letter:
    address = f"{base_url}/console/incidents/{incident.ref}/postmortem"
    return letter(
        incident,
        headline=headline,
        paragraphs=[words],
        buttons=[Button("Read it", address)],
        template="",
    )
