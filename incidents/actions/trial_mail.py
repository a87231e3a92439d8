"""A test mail to oneself, by the way that every letter takes."""

from __future__ import annotations

from ..kernel import clock, outbox
from ..kernel.errors import NotAllowed
from ..messages import about_people
from ..records.actors import Actor
from ..records.people import Person
from .audit import note
from .invitations import can_mail

EVENT = "test-mail:"


def send_trial(person: Person, *, by: Actor) -> None:
    """Enqueue a test letter to a person's address. Raises NotAllowed while no mail server is set."""
    if not can_mail():
        raise NotAllowed("No mail server is set. Set SMTP_URL and MAIL_FROM, and start again.")
    letter = about_people.trial(by.name)
    outbox.enqueue(
        event=f"{EVENT}{clock.now().isoformat()}",
        channel="email",
        destination=person.email,
        payload=letter.payload(person.email),
    )
    note("test mail sent", by=by, subject=person.email)
