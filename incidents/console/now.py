"""The first screen: what needs you, in which order, how long you have, and the button."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from ..access import Role, may, me
from ..kernel.database import db
from ..policy.components import ComponentStatus
from ..published.components import Component
from ..published.page_settings import DEFAULT_NAME, page_settings
from ..records.incidents import Incident
from ..records.people import Person
from . import attention, glance, page_state
from .shell import shell

bp = Blueprint("console_now", __name__, url_prefix="/console")


@dataclass(frozen=True)
class FirstStep:
    """One thing that a new team does once."""

    title: str
    text: str
    address: str
    button: str
    is_done: bool


@bp.get("/")
@may(Role.VIEWER)
def show() -> ResponseReturnValue:
    """The list of what needs you, then what is open, then what is not operational."""
    frame = shell()
    assert frame.watch is not None
    open_ones = [incident for incident in frame.watch.incidents if incident.is_open]
    return render_template(
        "console/now.html",
        needs=frame.needs,
        rows=glance.rows(open_ones),
        later=attention.later(frame.watch),
        troubled=[
            (each, status) for each, status in page_state.shown_components() if status != ComponentStatus.OPERATIONAL
        ],
        first_steps=_first_steps(me()),
    )


@bp.get("/live")
@may(Role.VIEWER)
def live() -> ResponseReturnValue:
    """The strip above every page and the due times at which a tab rings, asked again every 15 seconds."""
    if request.args.get("after") == shell().stamp:
        return "", 204
    return render_template("console/_live.html", hides_live="quiet" in request.args, room_ref=request.args.get("room"))


def _first_steps(person: Person) -> list[FirstStep]:
    """What a new team does next; empty once an incident was ever declared."""
    if not person.may(Role.RESPONDER) or db.session.scalar(select(Incident.id).limit(1)) is not None:
        return []
    try_it = FirstStep(
        "Practise once",
        "Declare a drill. It runs everything and reaches neither the public page nor anybody who did not agree.",
        "/console/incidents/new?drill=1",
        "Declare a drill",
        is_done=False,
    )
    return [*(_settings_steps() if person.may(Role.ADMIN) else []), try_it]


def _settings_steps() -> list[FirstStep]:
    people = db.session.scalar(select(func.count()).select_from(Person)) or 0
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
            "An incident pages everybody who may respond.",
            "/console/settings/people",
            "Invite people",
            is_done=people > 1,
        ),
        FirstStep(
            "Let e-mail leave",
            "Set SMTP_URL and MAIL_FROM in the environment, restart, then send yourself a test.",
            "/console/settings/mail",
            "E-mail settings",
            is_done=current_app.extensions["sevenbells.settings"].smtp_url is not None,
        ),
    ]
