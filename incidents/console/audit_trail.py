"""Everything on record about one incident: entries, corrections, wordings, deliveries, roles, who was named and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from markupsafe import Markup
from sqlalchemy import func, select

from ..access.visibility import visible_to
from ..kernel import outbox
from ..kernel.database import db
from ..kernel.outbox import OutboxMessage
from ..policy.lifecycle import PUBLIC_STATUS_LABELS, PublicStatus, Step
from ..records.incidents import Incident, NamedViewer
from ..records.people import Person
from ..records.timeline import TimelineCorrection, TimelineEntry
from ..records.tokens import ApiToken
from ..records.updates import Update, UpdateRevision
from ..reports import tellings
from . import entry_sentences
from .formats import full_text

GROUPS: Mapping[str, str] = {
    "all": "Everything",
    "people": "People and roles",
    "words": "Notes, updates and corrections",
    "deliveries": "Deliveries",
    "system": "What Sevenbells did",
}
_OF_PEOPLE = ("role", "role_accepted", "named", "unnamed", "visibility", "acknowledged", "acknowledgement_taken_back")
_OF_WORDS = (
    *("note", "decision", "event", "update", "update_edited", "update_withdrawn", "update_undone", "draft"),
    *("drafted", "draft_put_away", "approval_asked", "approved", "sent_back"),
)
_OF_CHANGE = ("step", "severity", "title", "visibility", "cause", "event")  # those whose detail says from and to
_STATES = {"waiting": "waiting", "sent": "sent", "failed": "failed", "skipped": "not sent", "held": "held"}


@dataclass(frozen=True, kw_only=True)
class Record:
    """One line: when it was recorded, by whom, what, and from what to what."""

    at: datetime
    group: str
    by: str
    what: Markup
    before: str = ""
    after: str = ""
    note: str = ""

    @property
    def plain(self) -> str:
        """What happened, without mark-up."""
        return self.what.striptags()


def of(incident: Incident, *, me: Person, group: str = "all") -> list[Record]:
    """Every record in the order in which it was made; the same few queries however many there are."""
    found: list[Record] = []
    for gather in _SOURCES:
        found += gather(incident, me)
    wanted = [record for record in found if group in ("all", record.group)]
    return sorted(wanted, key=lambda record: record.at)


def _entries(incident: Incident, me: Person) -> Iterator[Record]:
    entries = _all_entries(incident)
    told, seen = tellings.of_entries(entries), _others_seen(entries, me)
    for entry in entries:
        who = Markup("<b>{}</b>").format(entry.by_name)
        happened = f"Happened {full_text(entry.at)}. " if entry.at != entry.recorded_at else ""
        before, after = _change(entry)
        yield Record(
            at=entry.recorded_at,
            group=_group(entry),
            by=entry.by_name,
            what=entry_sentences.sentence(who, entry, seen=seen, telling=told.get(entry.id)),
            before=before,
            after=after,
            note=happened + " ".join(part for part in (entry.body, entry.link) if part),
        )


def _group(entry: TimelineEntry) -> str:
    if entry.kind in _OF_PEOPLE:
        return "people"
    if entry.kind in _OF_WORDS:
        return "words"
    return "system" if entry.by_kind == "clock" else "words"


def _change(entry: TimelineEntry) -> tuple[str, str]:
    """From what to what, where the entry says both."""
    detail = entry.detail
    if entry.kind == "role":
        return detail.get("before") or "nobody", detail.get("person") or "nobody"
    before, after = detail.get("before"), detail.get("after")
    if entry.kind == "impact":
        return before or "", entry.body
    if entry.kind not in _OF_CHANGE:
        return "", ""
    return _word(entry.kind, before), _word(entry.kind, after)


def _word(kind: str, value: object) -> str:
    if value is None:
        return ""
    if kind == "step" and value in [*Step]:
        return Step(str(value)).label
    if kind == "event":
        return full_text(datetime.fromisoformat(str(value)))
    return str(value)


def _corrections(incident: Incident, me: Person) -> Iterator[Record]:
    """Each correction with what stood before and what stood after it."""
    rows = db.session.execute(
        select(TimelineCorrection, TimelineEntry)
        .join(TimelineEntry, TimelineEntry.id == TimelineCorrection.entry_id)
        .where(TimelineEntry.incident_id == incident.id)
        .order_by(TimelineCorrection.entry_id, TimelineCorrection.id.desc())
    ).all()
    later: dict[int, tuple[str, datetime]] = {}
    for correction, entry in rows:
        body, at = later.get(entry.id, (entry.body, entry.at))
        later[entry.id] = (correction.body, correction.happened_at)
        yield Record(
            at=correction.at,
            group="words",
            by=correction.by_name,
            what=Markup("<b>{}</b> corrected an entry of {}").format(correction.by_name, entry.by_name),
            before=_told_at(correction.body, correction.happened_at),
            after=_told_at(body, at),
        )


def _told_at(body: str, at: datetime) -> str:
    return f"{full_text(at)}: {body}" if body else full_text(at)


def _wordings(incident: Incident, me: Person) -> Iterator[Record]:
    """Each edit of an update with the wording before and after it."""
    rows = db.session.execute(
        select(UpdateRevision, Update)
        .join(Update, Update.id == UpdateRevision.update_id)
        .where(Update.incident_id == incident.id)
        .order_by(UpdateRevision.update_id, UpdateRevision.id.desc())
    ).all()
    later: dict[int, str] = {}
    for revision, update in rows:
        after = later.get(update.id, _wording(update.public_status, update.body))
        before = later[update.id] = _wording(revision.public_status, revision.body)
        yield Record(
            at=revision.at,
            group="words",
            by=revision.by_name,
            what=Markup("<b>{}</b> reworded an update of {}").format(revision.by_name, update.by_name),
            before=before,
            after=after,
        )


def _wording(status: str | None, body: str) -> str:
    return f"{PUBLIC_STATUS_LABELS[PublicStatus(status)]}. {body}" if status and status in [*PublicStatus] else body


def _deliveries(incident: Incident, me: Person) -> Iterator[Record]:
    """Each message with its outcome, at the time of its last attempt."""
    rows = db.session.execute(
        select(OutboxMessage, Person.name)
        .outerjoin(Person, Person.email == OutboxMessage.destination)
        .where(OutboxMessage.incident_id == incident.id, outbox.is_for_the_team())
    )
    for message, name in rows:
        tries = f"{message.attempts} {'attempt' if message.attempts == 1 else 'attempts'}"
        yield Record(
            at=message.sent_at or message.last_attempt_at or message.created_at,
            group="deliveries",
            by="Sevenbells",
            what=Markup("Message to <b>{}</b>: {}").format(
                f"{name} ({message.destination})" if name else message.destination,
                message.payload.get("subject", message.event),
            ),
            after=_STATES[message.state],
            note=f"{message.reason}. {tries}" if message.reason else tries,
        )


def _told_in_public(incident: Incident, me: Person) -> Iterator[Record]:
    """What subscribers were sent, counted: there may be thousands, and their addresses are for admins."""
    last = func.max(func.coalesce(OutboxMessage.sent_at, OutboxMessage.last_attempt_at, OutboxMessage.created_at))
    rows = db.session.execute(
        select(OutboxMessage.event, OutboxMessage.state, func.count().label("number"), last.label("at"))
        .where(OutboxMessage.incident_id == incident.id, ~outbox.is_for_the_team())
        .group_by(OutboxMessage.event, OutboxMessage.state)
        .order_by(OutboxMessage.event, OutboxMessage.state)
    )
    for _event, told in groupby(rows, key=lambda row: row.event):
        states = list(told)
        yield Record(
            at=max(row.at for row in states),
            group="deliveries",
            by="Sevenbells",
            what=Markup("Messages to subscribers"),
            after=", ".join(f"{row.number:,} {_STATES[row.state]}" for row in states),
        )


def _named_tokens(incident: Incident, me: Person) -> Iterator[Record]:
    """Tokens named in it; people who are named stand on the timeline."""
    rows = db.session.execute(
        select(NamedViewer, ApiToken.name)
        .join(ApiToken, ApiToken.id == NamedViewer.token_id)
        .where(NamedViewer.incident_id == incident.id)
    )
    for named, token in rows:
        what = Markup("The token <b>{}</b> may see this").format(token)
        yield Record(at=named.at, group="people", by=named.by_name, what=what, note=named.reason)


def _all_entries(incident: Incident) -> Sequence[TimelineEntry]:
    wanted = select(TimelineEntry).where(TimelineEntry.incident_id == incident.id)
    return db.session.scalars(wanted.order_by(TimelineEntry.id)).all()


def _others_seen(entries: Sequence[TimelineEntry], me: Person) -> set[int]:
    ids = {entry.detail["other_id"] for entry in entries if "other_id" in entry.detail}
    return set(db.session.scalars(select(Incident.id).where(Incident.id.in_(ids), visible_to(me)))) if ids else set()


_SOURCES: tuple[Callable[[Incident, Person], Iterator[Record]], ...] = (
    _entries,
    _corrections,
    _wordings,
    _deliveries,
    _told_in_public,
    _named_tokens,
)
