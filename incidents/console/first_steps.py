"""What a new team does once: a list that ticks itself, and goes away when all is done or somebody puts it away."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, current_app, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from ..access import Role, actor, may
from ..actions import audit, oncall
from ..kernel.database import db
from ..kernel.outbox.messages import SENT, OutboxMessage
from ..kernel.settings import Settings
from ..published.components import Component
from ..published.page_settings import DEFAULT_NAME, page_settings
from ..records.audit import AuditEntry
from ..records.incidents import Incident
from ..records.people import Person

bp = Blueprint("console_first_steps", __name__, url_prefix="/console/first-steps")
_PUT_AWAY = "first steps put away"


@dataclass(frozen=True)
class FirstStep:
    """One thing that a new team does once."""

    title: str
    text: str
    address: str
    button: str
    is_done: bool


@bp.post("/dismissal")
@may(Role.ADMIN)
def dismiss() -> ResponseReturnValue:
    """Put the list away for everybody."""
    audit.note(_PUT_AWAY, by=actor())
    db.session.commit()
    return redirect("/console/", 303)


def of(person: Person) -> list[FirstStep]:
    """The list, in the order in which it is best done; empty once it is put away or all done."""
    if not person.may(Role.RESPONDER) or _is_put_away():
        return []
    steps = [*(_settings_steps() if person.may(Role.ADMIN) else []), _practice()]
    return [] if all(step.is_done for step in steps) else steps


def _is_put_away() -> bool:
    return db.session.scalar(select(AuditEntry.id).where(AuditEntry.what == _PUT_AWAY).limit(1)) is not None


def _settings_steps() -> list[FirstStep]:
    people = db.session.scalar(select(func.count()).select_from(Person).where(Person.disabled_at.is_(None))) or 0
    has_components = db.session.scalar(select(Component.id).limit(1)) is not None
    return [
        FirstStep(
            "Name your page",
            "The public sees this name and reads times in this zone.",
            "/console/settings/page",
            "Page settings",
            is_done=page_settings().name != DEFAULT_NAME,
        ),
        FirstStep(
            "List your components",
            "The parts of your service that people know by name.",
            "/console/status-page/components",
            "Add components",
            is_done=has_components,
        ),
        FirstStep(
            "Invite your colleagues",
            "Whoever may respond can be paged, take turns on call, and work on an incident with you.",
            "/console/settings/people",
            "Invite people",
            is_done=people > 1,
        ),
        FirstStep(
            "Plan who is on call",
            "People who take turns, and whom a P1 goes to when they do not answer. Until then, whoever declares is paged.",
            "/console/on-call",
            "Plan on call",
            is_done=bool(oncall.words_of_role(oncall.ON_CALL_ENGINEER)),
        ),
        FirstStep(
            "See that e-mail arrives",
            _mail_words(),
            "/console/settings/mail",
            "Test e-mail",
            is_done=_a_letter_arrived(),
        ),
    ]


def _mail_words() -> str:
    settings: Settings = current_app.extensions["sevenbells.settings"]
    if settings.smtp_url:
        return "Send yourself a test, and see it in your own mailbox."
    return "Set SMTP_URL and MAIL_FROM in the environment, restart, then send yourself a test."


def _a_letter_arrived() -> bool:
    """A mail server has taken at least one letter, a test or another."""
    return db.session.scalar(select(OutboxMessage.id).where(OutboxMessage.state == SENT).limit(1)) is not None


def _practice() -> FirstStep:
    declared = db.session.scalar(select(Incident.id).limit(1)) is not None
    return FirstStep(
        "Practise once",
        "Declare a drill: it pages you, runs everything, and reaches neither the public page nor who did not agree.",
        "/console/incidents/new?drill=1",
        "Declare a drill",
        is_done=declared,
    )
