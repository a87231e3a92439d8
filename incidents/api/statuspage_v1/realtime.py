"""What happens when their words mean an incident of ours: it is declared, told, resolved, reopened or withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Select, select
from werkzeug.exceptions import NotFound

from ... import actions
from ...access import actor, viewer
from ...access.visibility import visible_incidents
from ...actions.updates import updates_of
from ...kernel import clock
from ...kernel.database import db
from ...kernel.errors import Malformed, NotAllowed
from ...policy.components import STATUS_OF, ComponentStatus, Impact
from ...policy.lifecycle import RESOLVED_WITHOUT_WORDS, PublicStatus
from ...policy.overall import impact_of
from ...policy.severity import Severity
from ...published import publishing
from ...published.components import all_components
from ...published.incidents import PublishedIncident
from ...published.page_settings import page_settings
from ...records.incidents import TITLE_LENGTH, Incident
from ...records.updates import Update
from . import values

# Statuspage has no severity: how hard the public is hit is the nearest thing it says
SEVERITY_OF: Mapping[str, Severity] = {
    Impact.CRITICAL: Severity.P1,
    Impact.MAJOR: Severity.P2,
    Impact.MINOR: Severity.P3,
    Impact.NONE: Severity.P4,
    Impact.MAINTENANCE: Severity.P4,
}
_UNTOLD = Severity.P3  # nothing is said of the impact: the page takes it for minor
_WITHOUT_WORDS: Mapping[str, str] = {
    PublicStatus.INVESTIGATING: "We are looking into this.",
    PublicStatus.IDENTIFIED: "We know the cause, and are working on it.",
    PublicStatus.MONITORING: "A fix is in place, and we are watching it.",
    PublicStatus.RESOLVED: RESOLVED_WITHOUT_WORDS,
}
_WORDS_OF_STATUS: Mapping[str, str] = {
    ComponentStatus.OPERATIONAL: "works normally",
    ComponentStatus.DEGRADED: "is degraded",
    ComponentStatus.PARTIAL: "is partly down",
    ComponentStatus.MAJOR: "is down",
    ComponentStatus.MAINTENANCE: "is under maintenance",
}
_WHY = "By a program that speaks to Statuspage's API."
_OVER = (PublicStatus.RESOLVED, PublicStatus.POSTMORTEM)
T = TypeVar("T")


@dataclass(frozen=True)
class News:
    """What a request says that the public was not told yet; no body and no components where it says nothing of them."""

    status: str
    is_new_status: bool
    body: str
    components: Mapping[str, str]


def declare(wanted: Mapping[str, Any]) -> str:
    """Declare an incident, which pages people, and tell the public at once; its public id. Raises Malformed."""
    status = wanted.get("status") or PublicStatus.INVESTIGATING
    _refuse_postmortem(status)
    body = wanted["body"] or _WITHOUT_WORDS[status]
    touched = _statuses(wanted)
    is_over = status == PublicStatus.RESOLVED
    incident = actions.declare(
        title=_title(wanted),
        severity=_severity(wanted, touched),
        by=actor(),
        components=touched or None,
        resolved_at=clock.now() if is_over else None,
    )
    _tell(incident, body=body, status=status, components=touched, notify=_notify(wanted))
    return _public_id(incident)


def backfill(wanted: Mapping[str, Any]) -> str:
    """Something of the past, told to nobody; its public id. Raises Malformed."""
    if wanted["touched"]:
        raise Malformed({"components": "A backfilled incident names no components."})
    given = wanted.get("backfill_date")
    at = values.start_of(given, page_settings().time_zone) if given else clock.now()
    body = wanted["body"] or RESOLVED_WITHOUT_WORDS
    incident = actions.declare(
        title=_title(wanted), severity=_severity(wanted, {}), by=actor(), detected_at=at, resolved_at=at
    )
    actions.post_update(
        incident,
        by=actor(),
        body=body,
        audience="public",
        public_status=PublicStatus.RESOLVED,
        notify=False,
        display_at=at,
    )
    if incident.postmortem_due_at is not None:
        actions.waive_postmortem(incident, by=actor(), reason="It was filled in afterwards, for the record.")
    return _public_id(incident)


def change(public_id: str, wanted: Mapping[str, Any]) -> None:
    """Rename it; and tell what is new: a status, a text, or how components stand. The same again changes nothing.

    Raises NotFound, Malformed and NotAllowed.
    """
    incident, known = to_change(public_id)
    if wanted.get("name") and _title(wanted) != incident.title:
        actions.rename(incident, title=_title(wanted), by=actor())
    news = _news(known, wanted)
    if not incident.is_open and news.status not in _OVER:
        actions.reopen(incident, by=actor(), reason=_WHY)
    if news.is_new_status and news.status == PublicStatus.RESOLVED:
        body = news.body or None
        actions.resolve(incident, by=actor(), summary=news.body, public_body=body, notify=_notify(wanted), reason=_WHY)
    elif news.is_new_status or news.body:
        _tell(
            incident,
            body=news.body or _WITHOUT_WORDS[news.status],
            status=news.status,
            components=news.components,
            notify=_notify(wanted),
        )
    elif news.components and incident.is_open:
        # they change components without a word; here each change has its time, so that the days stay true
        _tell(
            incident,
            body=_said_of(news.components),
            status=news.status,
            components=news.components,
            notify=bool(wanted.get("deliver_notifications")),
        )


def withdraw(public_id: str) -> None:
    """Take it from everything that we serve; the team's own record stays, and goes on where it is open."""
    incident, _known = to_change(public_id)
    for update in updates_of(incident):
        if update.audience == "public" and update.state != "draft":
            actions.withdraw_update(incident, update, by=actor(), reason=_WHY)


def revise(public_id: str, update_id: str, given: Mapping[str, Any]) -> None:
    """Another wording or time for one update: the page says that it was edited, and nobody is told again."""
    incident, _known = to_change(public_id)
    wanted = select(Update).where(
        Update.incident_id == incident.id, Update.public_id == update_id, Update.state == "published"
    )
    update = db.session.scalars(wanted).one_or_none()
    if update is None:
        raise NotFound
    actions.revise_update(
        incident, update, by=actor(), body=given.get("body") or None, display_at=given.get("display_at")
    )


def published(public_id: str) -> PublishedIncident:
    """What the public knows of it. Raises NotFound, also where this token may not see the incident behind it."""
    known = db.session.scalar(_fresh(select(PublishedIncident).where(PublishedIncident.public_id == public_id)))
    if known is None or (db.session.get(Incident, known.incident_id) is not None and _behind(known) is None):
        raise NotFound
    return known


def to_read(public_id: str) -> tuple[Incident, PublishedIncident]:
    """The incident behind it, and what the public knows of it. Raises NotFound."""
    known = published(public_id)
    incident = _behind(known)
    if incident is None:
        raise NotFound
    return incident, known


def to_change(public_id: str) -> tuple[Incident, PublishedIncident]:
    """The incident behind it, locked, and what the public knows of it. Raises NotFound and NotAllowed."""
    incident = _behind(published(public_id), for_writing=True)
    if incident is None:
        raise NotAllowed("It was taken over from elsewhere, and is kept as it was.")
    return incident, published(public_id)  # again: somebody may have told or withdrawn it while we waited for the lock


def _behind(known: PublishedIncident, *, for_writing: bool = False) -> Incident | None:
    wanted = visible_incidents(viewer()).where(Incident.id == known.incident_id)
    return db.session.scalar(_fresh(wanted.with_for_update(of=Incident) if for_writing else wanted))


def _fresh(wanted: Select[T]) -> Select[T]:
    """As the database has it now, whatever this request read before."""
    return wanted.execution_options(populate_existing=True)


def _tell(incident: Incident, *, body: str, status: str, components: Mapping[str, str], notify: bool) -> None:
    actions.post_update(
        incident,
        by=actor(),
        body=body,
        audience="public",
        public_status=status,
        components=components,
        notify=notify,
    )


def _public_id(incident: Incident) -> str:
    db.session.flush()
    known = publishing.find(incident.id)
    assert known is not None
    return known.public_id


def _title(wanted: Mapping[str, Any]) -> str:
    """Theirs may be longer than ours by a few words: an incident is not lost for that."""
    name = " ".join((wanted.get("name") or "").split())
    if not name:
        raise Malformed({"name": "name: Say in a few words what is wrong."})
    return name if len(name) <= TITLE_LENGTH else f"{name[: TITLE_LENGTH - 1]}…"


def _severity(wanted: Mapping[str, Any], touched: Mapping[str, str]) -> str:
    if "impact_override" in wanted:
        return SEVERITY_OF[wanted["impact_override"]]
    return SEVERITY_OF[impact_of(touched.values())] if touched else _UNTOLD


def _statuses(wanted: Mapping[str, Any], now: Mapping[str, str] | None = None) -> dict[str, str]:
    """How each named component stands: as was said, else as the impact given, else as it did.

    Where all affected ones were listed, those of ``now`` that are not among them work again.
    """
    impact = wanted.get("impact_override")
    now = now or {}
    found = {
        one: said or (STATUS_OF[impact] if impact else now.get(one, ComponentStatus.OPERATIONAL))
        for one, said in wanted["touched"].items()
    }
    gone = [one for one in now if one not in found] if wanted["names_components"] else []
    return {one: str(said) for one, said in {**found, **dict.fromkeys(gone, ComponentStatus.OPERATIONAL)}.items()}


def _news(known: PublishedIncident, wanted: Mapping[str, Any]) -> News:
    """Raises Malformed for a post-mortem, which has an address of its own."""
    newest, now = known.newest, _standing(known)
    standing = newest.public_status if known.is_open or newest.public_status in _OVER else PublicStatus.RESOLVED
    status = wanted.get("status") or standing
    if status != standing:
        _refuse_postmortem(status)
    return News(
        # whoever says "resolved" of what has a post-mortem already says nothing new
        status=standing if status in _OVER and standing in _OVER else status,
        is_new_status=status != standing and not (status in _OVER and standing in _OVER),
        body="" if wanted["body"] == newest.body else wanted["body"],
        components={one: said for one, said in _statuses(wanted, now).items() if now.get(one) != said},
    )


def _standing(known: PublishedIncident) -> dict[str, str]:
    """What the public was told last of each component; once it was resolved, nothing."""
    now: dict[str, str] = {}
    for update in known.updates:
        now = {} if update.public_status in _OVER else {**now, **update.components}
    return now


def _said_of(touched: Mapping[str, str]) -> str:
    names = {component.public_id: component.name for component in all_components()}
    return " ".join(f"{names.get(one, one)} {_WORDS_OF_STATUS[said]}." for one, said in touched.items())


def _notify(wanted: Mapping[str, Any]) -> bool:
    return bool(wanted.get("deliver_notifications", True))


def _refuse_postmortem(status: str) -> None:
    if status == PublicStatus.POSTMORTEM:
        raise Malformed({"status": "status: Publish the post-mortem at its own address."})
