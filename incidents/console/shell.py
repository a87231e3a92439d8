"""What the frame around every console page needs to know: who looks, what is open, what is most urgent."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import Flask, current_app, g, request
from sqlalchemy import select

from .. import access
from ..kernel import clock
from ..kernel.database import db
from ..kernel.settings import Settings
from ..policy.components import ComponentStatus
from ..policy.lifecycle import Step
from ..published.page_settings import DEFAULT_NAME, page_settings
from ..records.incidents import Incident
from ..records.people import Person, Role
from ..records.timeline import TimelineEntry
from . import assets, attention, formats, icons, mail_state, on_duty, page_state, watch_state
from .attention import Need, Watch
from .on_duty import Uncovered
from .unheard import Unheard

_THEMES = ("light", "dark")
_PAGE_RINGS_FOR = timedelta(minutes=5)
_DOING = {
    Step.DETECTION: "is not acknowledged",
    Step.TRIAGE: "is in triage",
    Step.COMMUNICATION: "is being communicated",
    Step.INVESTIGATION: "is under investigation",
    Step.MITIGATION: "is being mitigated",
}


@dataclass(frozen=True, kw_only=True)
class Banner:
    """A line above every page: what happened, what it means, where to mend it. ``kind``: warn, bad, info, good."""

    title: str
    text: str = ""
    kind: str = "warn"
    url: str | None = None
    link: str | None = None


@dataclass(frozen=True, kw_only=True)
class Live:
    """The most urgent open P1 or P2, on one line above every page."""

    ref: str
    severity: str
    title: str
    reason: str
    due_at: datetime | None = None
    early: str = ""
    late: str = ""


@dataclass(frozen=True, kw_only=True)
class Ring:
    """A due time at which an open tab rings."""

    due_at: datetime
    sentence: str
    is_page: bool = False  # somebody calls this person, now


@dataclass(frozen=True, kw_only=True)
class Shell:
    """Everything the frame prints."""

    page_name: str
    page_address: str
    page_state: str = ComponentStatus.OPERATIONAL
    person: Person | None = None
    on_call: str = ""  # "On call to 09:00", where that is true of this person
    uncovered: Uncovered | None = None  # nobody is on call
    open_count: int = 0
    owed_count: int = 0  # post-mortems that are owed, as far as this person may see
    needs: Sequence[Need] = ()
    watch: Watch | None = None
    live: Live | None = None
    rings: Sequence[Ring] = ()
    banners: Sequence[Banner] = field(default_factory=list)

    @property
    def needs_count(self) -> int:
        return len(self.needs) + (self.uncovered is not None)

    @property
    def stamp(self) -> str:
        """Changes when the strip or a due time does: an open page asks with it and hears nothing while it is the same."""
        return hashlib.sha256(repr((self.live, self.rings)).encode()).hexdigest()[:12]


def init_app(app: Flask, settings: Settings) -> None:
    """Give every template ``shell()``, and the filters and drawings that console pages use."""
    assets.init_app(app)
    formats.init_app(app)
    icons.init_app(app)
    app.add_template_global(shell)
    app.add_template_global(theme)


def shell() -> Shell:
    """The frame's facts, asked once per request and only by pages that have the frame."""
    known: Shell | None = g.get("shell")
    if known is None:
        known = g.shell = _ask()
    return known


def theme() -> str | None:
    """``light`` or ``dark`` where this browser chose one; else the system decides."""
    chosen = request.cookies.get("theme")
    return chosen if chosen in _THEMES else None


def page_address() -> str:
    """Where the public page is."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    return f"{settings.page_url or settings.base_url}/"


def _page_name() -> str:
    """The company's name; our own until somebody has given one."""
    name = page_settings().name
    return "Sevenbells" if name == DEFAULT_NAME else name


def _ask() -> Shell:
    found = access.signed_in()
    if found is None:
        return Shell(page_name=_page_name(), page_address=page_address())
    seen = attention.watch(found.person)
    wanted = attention.needs(seen)
    return Shell(
        page_name=_page_name(),
        page_address=page_address(),
        page_state=page_state.overall_now().status,
        person=found.person,
        on_call=on_duty.words(found.person),
        uncovered=on_duty.uncovered() if found.person.may(Role.RESPONDER) else None,
        open_count=sum(incident.is_open for incident in seen.incidents),
        owed_count=sum(_owes_postmortem(incident) for incident in seen.incidents),
        needs=wanted,
        watch=seen,
        live=_live(seen),
        rings=[*_pages(seen), *_rings(wanted)],
        banners=_banners(seen, found.person),
    )


def _owes_postmortem(incident: Incident) -> bool:
    return not incident.is_open and incident.closed_at is None and incident.postmortem_due_at is not None


def _live(seen: Watch) -> Live | None:
    incident = attention.most_urgent(seen)
    if incident is None:
        return None
    waits = not incident.is_acknowledged and not incident.pages_nobody
    reason = "is not acknowledged" if waits else _DOING.get(Step(incident.step), "")
    facts = {"ref": incident.ref, "severity": incident.severity, "title": incident.title, "reason": reason}
    escalates_at = seen.escalates_at.get(incident.id)
    if waits and escalates_at is not None:
        return Live(**facts, due_at=escalates_at, early="Escalates in", late="Escalated")
    return Live(**facts, due_at=incident.next_update_due_at, early="Update due in", late="Update late by")


def _rings(wanted: Sequence[Need]) -> list[Ring]:
    """The promises that are this person's: only those ring his tab."""
    return [
        Ring(due_at=need.due_at, sentence=f"Update due: {need.incident.ref}")
        for need in wanted
        if need.due_at is not None and need.due_at == need.incident.next_update_due_at
    ]


def _pages(seen: Watch) -> list[Ring]:
    """Calls of the last minutes that reached this person and that nobody has answered; and a role just handed over."""
    waiting = {each.id: each for each in seen.incidents if attention.waits_for_somebody(each)}
    since = clock.now() - _PAGE_RINGS_FOR
    told = (
        select(TimelineEntry.incident_id, TimelineEntry.at, TimelineEntry.detail)
        .where(
            TimelineEntry.incident_id.in_(waiting),
            TimelineEntry.kind.in_(("told", "escalated")),
            TimelineEntry.recorded_at > since,
        )
        .order_by(TimelineEntry.id)
    )
    rings = {
        row.incident_id: Ring(due_at=row.at, sentence=_call(waiting[row.incident_id]), is_page=True)
        for row in (db.session.execute(told) if waiting else ())
        if seen.person.id in (row.detail.get("person_ids") or ())
    }
    given = [
        Ring(due_at=held.since, sentence=f"You are now {role.replace('_', ' ')}: {incident.ref}", is_page=True)
        for incident in seen.incidents
        if incident.is_open
        for role, held in seen.roles[incident.id].items()
        if held.person_id == seen.person.id and held.accepted_at is None and held.since > since
    ]
    return [*rings.values(), *given]


def _call(incident: Incident) -> str:
    return f"You are being paged: {incident.severity} {incident.title}"


def _banners(seen: Watch, person: Person) -> list[Banner]:
    if not person.may(Role.RESPONDER):
        return []
    return [*_watch(), *_unheard(seen), *_mail(person)]


def _watch() -> list[Banner]:
    """That nobody would be reminded comes before everything else."""
    found = watch_state.trouble()
    return [Banner(title=found.title, text=found.text, kind="bad" if found.is_serious else "warn")] if found else []


def _unheard(seen: Watch) -> list[Banner]:
    """Open incidents of which nobody heard, and those where a level reached nobody and nobody has acknowledged."""
    return [_silence(each, seen.unheard[each.id]) for each in seen.incidents if each.id in seen.unheard]


def _silence(incident: Incident, unheard: Unheard) -> Banner:
    url = f"/console/incidents/{incident.ref}"
    if not unheard.is_silent:
        title, _stop, consequence = unheard.sentence.partition(". ")
        return Banner(title=f"{title}.", text=f"{incident.ref} is not acknowledged. {consequence}", url=url)
    reason = (
        "Nobody who is meant agreed to drills."
        if unheard.is_drill
        else "Its escalation policy reaches nobody at this moment. Call somebody yourself."
    )
    kind = "warn" if unheard.is_drill else "bad"
    return Banner(title=f"{unheard.nobody} could be told about {incident.ref}.", text=reason, kind=kind, url=url)


def _mail(person: Person) -> list[Banner]:
    """Why people may not hear by e-mail; only who can look into it gets the link."""
    found = mail_state.trouble(person)
    if found is None:
        return []
    url = "/console/settings/mail" if person.may(Role.ADMIN) else None
    return [Banner(title=found.title, text=found.text, url=url)]
