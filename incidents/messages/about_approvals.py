"""Letters about a second pair of eyes: somebody asks for it, the promise draws near, and the answer."""

from __future__ import annotations

from ..records.approvals import APPROVED, UpdateApproval
from ..records.incidents import Incident
from ..records.updates import Update
from . import about_incidents
from .letters import Button, Letter


def asked(incident: Incident, update: Update, question: UpdateApproval, *, zone: str, base_url: str) -> Letter:
    """Read this before it goes out."""
    paragraphs = [
        f"{question.asked_by_name} asks you to read an update about {incident.title} before it goes out.",
        update.body,
    ]
    if update.publish_at is not None:
        paragraphs.append(f"It is to go out at {about_incidents.clock_time(update.publish_at, zone)}.")
    elif incident.next_update_due_at is not None:
        due = about_incidents.clock_time(incident.next_update_due_at, zone)
        paragraphs.append(f"The next update was promised by {due}. A draft does not keep that promise.")
    button = read_button(incident, update, base_url)
    return about_incidents.letter(
        incident,
        headline=f"{question.asked_by_name} asks you to approve an update",
        paragraphs=paragraphs,
        buttons=[button, about_incidents.room_button(incident, base_url)],
        template="",
        short=about_incidents.short_text(
            f"{incident.ref}: {question.asked_by_name} asks you to approve an update", address=button.address
        ),
    )


def answered(incident: Incident, update: Update, question: UpdateApproval, *, zone: str, base_url: str) -> Letter:
    """What became of your question."""
    who = question.answered_by_name
    if question.answer == APPROVED:
        done = "approved and published it"
        if update.publish_at is not None:
            done = f"approved it, and it goes out at {about_incidents.clock_time(update.publish_at, zone)}"
        headline, paragraphs = "your update was approved", [f"{who} {done}:", update.body]
    else:
        headline, paragraphs = "your update was sent back", [f"{who} sent it back:", question.words or ""]
    return about_incidents.letter(
        incident,
        headline=headline,
        paragraphs=paragraphs,
        buttons=[read_button(incident, update, base_url), about_incidents.room_button(incident, base_url)],
        template="",
    )


def read_button(incident: Incident, update: Update, base_url: str) -> Button:
    """The draft's own page."""
    room = about_incidents.addresses(incident, base_url)["room"]
    return Button("Read the draft" if update.state == "draft" else "Read it", f"{room}/updates/{update.public_id}")
