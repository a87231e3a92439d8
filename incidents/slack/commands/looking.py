"""``list``, ``show``, ``oncall``, ``postmortem``: what stands, and who has it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, select

from ...access import Role
from ...access.visibility import declared_in_slack, number_of, visible_incidents
from ...actions import oncall, roles
from ...kernel import clock
from ...kernel.database import db
from ...kernel.errors import NotAllowed
from ...messages.about_incidents import clock_time
from ...messages.letters import ACKNOWLEDGE, OPEN, Button
from ...policy.lifecycle import PublicStatus, Step
from ...policy.severity import SEVERITY_LABELS, Severity
from ...published import publishing
from ...published.incidents import PublishedIncident
from ...published.page_settings import page_settings
from ...records.incident_channels import incident_of_channel
from ...records.incidents import Incident
from ...records.postmortems import find_postmortem
from ...reports.communication import latest_text
from ..replies import Reply
from .asked import LINK, UNKNOWN, Asked

_MOST = 15
_LONGEST_QUOTE = 600


def list_open(asked: Asked) -> Reply:
    """``list``: the open incidents, worst first; to somebody unknown those they declared and those on the status page."""
    person = asked.person
    lines = _lines_for_a_stranger(asked) if person is None else _open_lines(visible_incidents(person))
    more = ["There are more."] if len(lines) > _MOST else []
    where = asked.page("All incidents", "/incidents") if person else Button("Status page", f"{asked.page_url}/")
    return Reply("Open incidents" if lines else "No incident is open.", [*lines[:_MOST], *more], [where])


def _open_lines(seen: Select[Incident]) -> list[str]:
    wanted = seen.where(Incident.outcome.is_(None)).order_by(Incident.severity, Incident.id.desc())
    return [_line(each) for each in db.session.scalars(wanted.limit(_MOST + 1))]


def _line(incident: Incident) -> str:
    return f"{_name(incident)} · {incident.severity} · {_doing(incident)}"


def _lines_for_a_stranger(asked: Asked) -> list[str]:
    mine = declared_in_slack(asked.by).with_only_columns(Incident.id)
    wanted = select(PublishedIncident).where(
        PublishedIncident.ended_at.is_(None), PublishedIncident.incident_id.not_in(mine)
    )
    return [
        *_open_lines(declared_in_slack(asked.by)),
        *(
            f"{each.incident_ref}: {each.title} · {PublicStatus(each.newest.public_status).label}"
            for each in db.session.scalars(wanted.order_by(PublishedIncident.id.desc()).limit(_MOST + 1))
        ),
    ]


def show(asked: Asked) -> Reply:
    """``show [INC-42]``; to somebody unknown what they declared, and what is on the status page."""
    if asked.person is None:
        return _show_to_a_stranger(asked)
    incident, _rest = asked.incident(for_writing=False)
    commander = roles.holder(incident, roles.COMMANDER)
    due_at, latest = incident.next_update_due_at, latest_text(incident)
    severity = Severity(incident.severity)
    lines = [
        f"{severity} {SEVERITY_LABELS[severity]} · {_doing(incident)}",
        f"Commander: {commander.name if commander else 'nobody'}",
        *([f"Impact: {_cut(incident.impact)}"] if incident.impact else []),
        *([f"Last update: {_cut(latest)}"] if latest else []),
        *([f"Next update by {_at(due_at)}"] if due_at else []),
    ]
    may_take = incident.is_open and not incident.is_acknowledged and asked.person.may(Role.RESPONDER)
    take = [Button("Acknowledge", "", act=ACKNOWLEDGE)] if may_take else []
    return Reply(_name(incident), lines, [*take, *_forms(asked, incident), asked.room(incident)], incident.ref)


def _forms(asked: Asked, incident: Incident) -> list[Button]:
    """What a responder does next, each in a form of its own."""
    if not asked.can_open_forms or not incident.is_open or not asked.known().may(Role.RESPONDER):
        return []
    forms = {"Update…": "update", "Resolve…": "resolve", "Escalate…": "escalate", "Roles…": "roles"}
    return [Button(label, "", act=f"{OPEN}{form}:{incident.ref}") for label, form in forms.items()]


def _show_to_a_stranger(asked: Asked) -> Reply:
    """Of what they declared how it stands, and of both what the public reads; colleagues' words are in neither."""
    ref, _rest = asked.named()
    number = number_of(ref) if ref else incident_of_channel(asked.channel)
    mine = db.session.scalars(declared_in_slack(asked.by).where(Incident.id == number)).one_or_none()
    shown = publishing.find(number) if number is not None else None
    if mine is None and shown is None:
        raise NotAllowed(f"You did not declare this, and it is not on the status page. {UNKNOWN} {LINK}")
    return Reply(
        _name(mine) if mine is not None else f"{shown.incident_ref}: {shown.title}" if shown is not None else "",
        [
            *([f"{mine.severity} {SEVERITY_LABELS[Severity(mine.severity)]} · {_doing(mine)}"] if mine else []),
            *([f"{PublicStatus(shown.newest.public_status).label}: {_cut(shown.newest.body)}"] if shown else []),
        ],
        [
            *asked.ways_to_be_known(),
            *([Button("Status page", f"{asked.page_url}/incidents/{shown.public_id}")] if shown else []),
        ],
    )


def on_call(asked: Asked) -> Reply:
    """``oncall``: who stands in each role now."""
    asked.known()
    lines = [_standing(each) for each in oncall.standing(clock.now())]
    return Reply("On call now", lines, [asked.page("On call", "/on-call/")])


def postmortem(asked: Asked) -> Reply:
    """``postmortem [INC-42]``: the way to it."""
    incident, _rest = asked.incident(for_writing=False)
    link = asked.page("Post-mortem", f"/incidents/{incident.ref}/postmortem")
    if find_postmortem(incident.id) is not None:
        return Reply(f"The post-mortem of {incident.ref}: {incident.title}", buttons=[link])
    if incident.is_open:
        return Reply(f"{incident.ref} is open. Its post-mortem comes after it.", buttons=[asked.room(incident)])
    due = f" It is due by {_at(incident.postmortem_due_at, with_day=True)}." if incident.postmortem_due_at else ""
    return Reply(f"{incident.ref} has no post-mortem yet.{due}", buttons=[link])


def _standing(each: oncall.Standing) -> str:
    names = ", ".join(person.name for person in each.people) or "nobody"
    until = f" until {_at(each.until, with_day=True)}" if each.until else ""
    then = f", then {each.next.name}" if each.until and each.next else ""
    return f"{each.label}: {names}{until}{then}"


def _name(incident: Incident) -> str:
    marks = ("[Drill] " if incident.is_drill else "") + ("[Restricted] " if incident.visibility == "restricted" else "")
    return f"{marks}{incident.ref}: {incident.title}"


def _doing(incident: Incident) -> str:
    if not incident.is_open:
        return "over"
    taken = "acknowledged" if incident.is_acknowledged else "not acknowledged"
    return f"{Step(incident.step).label} · {taken}"


def _at(moment: datetime, *, with_day: bool = False) -> str:
    zone = page_settings().zone
    local = moment.astimezone(page_settings().time_zone)
    return f"{local:%a} {local.day} {local:%b} {clock_time(moment, zone)}" if with_day else clock_time(moment, zone)


def _cut(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST_QUOTE else plain[: _LONGEST_QUOTE - 1] + "…"
