"""Search and the palette: what can be done in this incident, where one can go, and what was found, in that order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import or_, select

from ..access import Role, may, me
from ..access.visibility import find_incident, number_of, visible_to
from ..kernel.database import db
from ..policy.lifecycle import STEPS, Outcome, Step
from ..published.components import Component
from ..records.incidents import Incident
from ..records.people import Person
from ..records.timeline import HUMAN_TEXT, TimelineEntry
from .settings_places import settings_places

bp = Blueprint("console_search", __name__, url_prefix="/console/search")
_MOST = 20  # of each kind
_LONGEST = 200
_FEWEST = 2  # letters before words are looked for: one letter finds everything


@dataclass(frozen=True, kw_only=True)
class Place:
    """Something to choose: its words, where it leads, the key that does the same, and a quieter line."""

    words: str
    href: str
    key: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Places of one kind."""

    heading: str
    places: Sequence[Place]


@bp.get("")
@may(Role.VIEWER)
def search() -> ResponseReturnValue:
    """The page of what was found; with ``palette`` only the choices, for the dialog that replaces them as one types."""
    wanted = " ".join(request.args.get("q", "").replace("\x00", "").split())[:_LONGEST]
    person = me()
    if "palette" in request.args:
        here = find_incident(request.args.get("ref", ""), person)
        groups = [*_matching(_acts(here, person), wanted), *_matching(_ways(person), wanted), *_found(wanted, person)]
        return render_template("console/_palette.html", groups=groups, wanted=wanted)
    return render_template("console/search.html", groups=list(_found(wanted, person)), wanted=wanted)


def _matching(groups: Sequence[Group], wanted: str) -> Iterator[Group]:
    """Of each group what has every word of the question in it."""
    words = wanted.casefold().split()
    for group in groups:
        left = [place for place in group.places if all(word in place.words.casefold() for word in words)]
        if left:
            yield Group(heading=group.heading, places=left)


def _acts(incident: Incident | None, person: Person) -> list[Group]:
    """What this person can do in the incident on the screen, as it now stands."""
    if incident is None or not person.may(Role.RESPONDER):
        return []
    room = f"/console/incidents/{incident.ref}"
    acts = _while_open(incident) if incident.is_open else _once_over(incident)
    acts += [
        ("Write a note", "notes", "N"),
        ("Change severity", "severity", ""),
        ("Change roles", "roles", ""),
        ("Edit components", "components", ""),
        ("Edit title, impact and times", "details", ""),
        ("Relate another incident", "relations", ""),
        ("Change who sees it", "visibility", ""),
        ("Who was told", "deliveries", ""),
        ("Everything on record", "audit", ""),
    ]
    return [
        Group(
            heading=f"In {incident.ref}",
            places=[
                Place(words=f"{words}, {incident.ref}", href=f"{room}/{path}", key=key) for words, path, key in acts
            ],
        )
    ]


def _while_open(incident: Incident) -> list[tuple[str, str, str]]:
    acts = [("Post update", "updates", "U"), ("No change", "updates/no-change", "")]
    if not incident.is_acknowledged:
        acts.insert(0, ("Acknowledge", "acknowledgement", "A"))
    following = Step(incident.step).number  # the seven count from one: this is the index of the next
    if following < len(STEPS) - 1:
        step = Step(STEPS[following])
        acts.append((f"Start {step.label.lower()}", f"steps?step={step.value}", "S"))
    return [
        *acts,
        ("Escalate", "escalations", "E"),
        ("Snooze the reminder", "snoozes", ""),
        ("Resolve", "resolution", ""),
        ("Merge into another", "merge", ""),
    ]


def _once_over(incident: Incident) -> list[tuple[str, str, str]]:
    acts = [("Reopen", "reopening", "")]
    return [("Post-mortem", "postmortem", ""), *acts] if incident.outcome == Outcome.RESOLVED else acts


def _ways(person: Person) -> list[Group]:
    ways = [
        Place(words="Now", href="/console/", key="G N"),
        Place(words="Incidents", href="/console/incidents", key="G I"),
    ]
    ways.append(Place(words="On call", href="/console/on-call", key="G O"))
    ways.append(Place(words="Post-mortems", href="/console/postmortems", key="G P"))
    ways += [
        Place(words="Rotations", href="/console/on-call/rotations", note="On call"),
        Place(words="Roles and groups: who the lead and the CTO are", href="/console/on-call/roles", note="On call"),
        Place(words="Calendar subscriptions", href="/console/on-call/calendars", note="On call"),
    ]
    if person.may(Role.RESPONDER):
        ways += [
            Place(words="Cover a shift", href="/console/on-call/overrides/new", note="On call"),
            Place(words="Ask for a swap", href="/console/on-call/swaps/new", note="On call"),
        ]
        ways.insert(0, Place(words="Declare incident", href="/console/incidents/new", key="C"))
    ways.append(Place(words="My page: zone, password, keys, bell", href="/console/me"))
    ways.append(Place(words="My notifications: addresses, order, quiet hours, test", href="/console/me/notifications"))
    for heading, places in settings_places():
        ways += [Place(words=f"Settings: {word}", href=href, note=heading) for _name, word, href in places]
    return [Group(heading="Go to", places=ways)]


def _found(wanted: str, person: Person) -> Iterator[Group]:
    """What the records hold; a number or a name of an incident finds it by itself."""
    if not wanted:
        return
    for heading, places in (
        ("Incidents", _incidents(wanted, person)),
        ("Said on a timeline", _said(wanted, person)),
        ("Components", _components(wanted)),
        ("People", _people(wanted, person)),
    ):
        if places:
            yield Group(heading=heading, places=places)


def _incidents(wanted: str, person: Person) -> list[Place]:
    named = number_of(wanted if not wanted.isascii() or not wanted.isdigit() else f"INC-{wanted}")
    has = [Incident.id == named] if named else []
    if len(wanted) >= _FEWEST:
        has += [Incident.title.icontains(wanted, autoescape=True), Incident.impact.icontains(wanted, autoescape=True)]
    if not has:
        return []
    # its own number first, then what is open, then the newest
    found = select(Incident).where(visible_to(person), or_(*has))
    order = ((Incident.id == (named or 0)).desc(), Incident.outcome.is_(None).desc(), Incident.id.desc())
    return [
        Place(words=f"{each.ref} {each.title}", href=f"/console/incidents/{each.ref}", note=_state(each))
        for each in db.session.scalars(found.order_by(*order).limit(_MOST))
    ]


def _state(incident: Incident) -> str:
    return f"{incident.severity}, {incident.status.lower()}"


def _said(wanted: str, person: Person) -> list[Place]:
    if len(wanted) < _FEWEST:
        return []
    told = (
        select(TimelineEntry.id, TimelineEntry.body, TimelineEntry.by_name, Incident.id.label("incident_id"))
        .join(Incident, Incident.id == TimelineEntry.incident_id)
        .where(
            visible_to(person),
            TimelineEntry.kind.in_(HUMAN_TEXT),
            TimelineEntry.body.icontains(wanted, autoescape=True),
        )
        .order_by(TimelineEntry.id.desc())
        .limit(_MOST)
    )
    return [
        Place(
            words=f"INC-{row.incident_id} {_around(row.body, wanted)}",
            href=f"/console/incidents/INC-{row.incident_id}#entry-{row.id}",
            note=row.by_name,
        )
        for row in db.session.execute(told)
    ]


def _around(body: str, wanted: str) -> str:
    """The words around the first place where it stands."""
    body = " ".join(body.split())
    at = max(0, body.casefold().find(wanted.casefold()))
    begin = max(0, at - 30)
    cut = body[begin : begin + 110]
    return ("…" if begin else "") + cut + ("…" if begin + 110 < len(body) else "")


def _components(wanted: str) -> list[Place]:
    if len(wanted) < _FEWEST:
        return []
    found = select(Component).where(Component.name.icontains(wanted, autoescape=True)).order_by(Component.name)
    return [
        Place(words=each.name, href=f"/console/incidents?component={each.public_id}", note="Its incidents")
        for each in db.session.scalars(found.limit(_MOST))
    ]


def _people(wanted: str, person: Person) -> list[Place]:
    """For administrators, who alone have pages about people."""
    if len(wanted) < _FEWEST or not person.may(Role.ADMIN):
        return []
    has = or_(Person.name.icontains(wanted, autoescape=True), Person.email.icontains(wanted, autoescape=True))
    return [
        Place(words=each.name, href="/console/settings/people", note=each.email)
        for each in db.session.scalars(select(Person).where(has).order_by(Person.name).limit(_MOST))
    ]
