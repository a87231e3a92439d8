"""What is to be done after an incident: adding an item, changing it, finishing it, dropping it with a reason."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed, Outdated
from ..policy.action_items import Kind, Priority, Status
from ..published.components import UNCHANGED, _Unchanged
from ..records.action_items import SOURCE_LENGTH, ActionItem
from ..records.actors import Actor
from ..records.incidents import TITLE_LENGTH, Incident
from ..records.people import Person, Role
from . import journal, telling
from .notes import safe_link

_FARTHEST = timedelta(days=3650)
_LONGEST_REASON = 1000


def add(
    incident: Incident,
    *,
    title: str,
    kind: str,
    owner: Person | None = None,
    due_on: date | None = None,
    priority: str = Priority.NORMAL,
    link: str | None = None,
    by: Actor,
    source: str | None = None,
) -> ActionItem:
    """Write down what is to be done. Allowed at any time, while the incident is open too.

    ``source`` says where it came from: the address of a message, or a word. Raises Malformed for an empty title, an
    unknown kind or priority, an owner who cannot respond or see the incident, a link that is not http(s).
    """
    _check_owner(incident, owner)
    now = clock.now()
    item = ActionItem(
        incident_id=incident.id,
        title=_title(title),
        kind=_word(kind, Kind, "kind"),
        owner_id=owner.id if owner else None,
        due_on=_day(due_on),
        owed_since=now,
        priority=_word(priority, Priority, "priority"),
        status=Status.OPEN,
        link=safe_link(link),
        source=(source or "").strip()[:SOURCE_LENGTH] or None,
        created_at=now,
        created_by_name=by.name,
    )
    db.session.add(item)
    db.session.flush()
    note(item, incident, "added", by=by, owner=owner.name if owner else None, due_on=_iso(item.due_on), kind=item.kind)
    return item


def change(
    item: ActionItem,
    *,
    by: Actor,
    title: str | None = None,
    kind: str | None = None,
    owner: Person | _Unchanged | None = UNCHANGED,
    due_on: date | _Unchanged | None = UNCHANGED,
    priority: str | None = None,
    status: str | None = None,
    link: str | _Unchanged | None = UNCHANGED,
    reason: str | None = None,
    seen_version: int | None = None,
) -> bool:
    """Change what is given; what is left out stays. False where nothing was new, and then nothing is written.

    ``status`` moves it as ``finish``, ``drop`` (which takes ``reason``) and ``reopen`` do. Raises Outdated when
    somebody changed it after ``seen_version``.
    """
    expect_version(item, seen_version)
    incident = db.session.get_one(Incident, item.incident_id)
    wanted: dict[str, Any] = {}
    if title is not None:
        wanted["title"] = _title(title)
    if kind is not None:
        wanted["kind"] = _word(kind, Kind, "kind")
    if priority is not None:
        wanted["priority"] = _word(priority, Priority, "priority")
    if not isinstance(due_on, _Unchanged):
        wanted["due_on"] = due_on if due_on == item.due_on else _day(due_on)
    if not isinstance(link, _Unchanged):
        wanted["link"] = safe_link(link)
    if not isinstance(owner, _Unchanged):
        if owner is None or owner.id != item.owner_id:
            _check_owner(incident, owner)
        wanted["owner_id"] = owner.id if owner else None
    is_changed = _write(item, incident, wanted, by=by)
    return (_move(item, status, by=by, reason=reason) if status is not None else False) or is_changed


def begin(item: ActionItem, *, by: Actor, seen_version: int | None = None) -> bool:
    """Somebody is at it; False when that was said before."""
    expect_version(item, seen_version)
    if item.status == Status.IN_PROGRESS:
        return False
    return _enter(item, Status.IN_PROGRESS, "begun", by=by)


def finish(item: ActionItem, *, by: Actor, seen_version: int | None = None) -> bool:
    """It is done: the reminders end. False when it was done before."""
    expect_version(item, seen_version)
    if item.status == Status.DONE:
        return False
    return _enter(item, Status.DONE, "done", by=by)


def drop(item: ActionItem, *, by: Actor, reason: str, seen_version: int | None = None) -> bool:
    """It will not be done, for this reason: the reminders end. False when it was dropped before."""
    expect_version(item, seen_version)
    if item.status == Status.DROPPED:
        return False
    words = journal.words(reason, field="reason", sentence="Say why it is dropped.", longest=_LONGEST_REASON)
    return _enter(item, Status.DROPPED, "dropped", by=by, reason=words)


def reopen(item: ActionItem, *, by: Actor, seen_version: int | None = None) -> bool:
    """It is to be done after all, or nobody is at it any more. False when it is open."""
    expect_version(item, seen_version)
    if item.status == Status.OPEN:
        return False
    return _enter(item, Status.OPEN, "reopened", by=by)


def remove(item: ActionItem, *, by: Actor, seen_version: int | None = None) -> None:
    """Take back what was added by mistake. What will not be done is dropped, with a reason, and stays to be read.

    Raises NotAllowed for what was done.
    """
    expect_version(item, seen_version)
    if item.status == Status.DONE:
        raise NotAllowed("This was done, and stays on record.")
    note(item, db.session.get_one(Incident, item.incident_id), "removed", by=by)
    db.session.delete(item)
    db.session.flush()


def expect_version(item: ActionItem, version: int | None) -> None:
    """Raise Outdated when the caller saw an older item than this one; None means that it did not say."""
    if version is not None and version != item.version:
        raise Outdated(
            f"“{item.title}” has changed since you opened it. Look at both and decide.",
            version=item.version,
            theirs={"title": item.title, "status": item.status},
        )


def _write(item: ActionItem, incident: Incident, wanted: dict[str, Any], *, by: Actor) -> bool:
    """Put the new values in their places, with one entry that says what was there before."""
    before = {name: getattr(item, name) for name, value in wanted.items() if getattr(item, name) != value}
    if not before:
        return False
    old_title = item.title
    for name in before:
        setattr(item, name, wanted[name])
    if before.keys() & {"owner_id", "due_on"}:
        item.owed_since = clock.now()
    item.version += 1
    changes = {name: [_told(name, value), _told(name, wanted[name])] for name, value in before.items()}
    note(item, incident, "changed", by=by, title=old_title, changes=changes)
    db.session.flush()
    return True


def _move(item: ActionItem, status: str, *, by: Actor, reason: str | None) -> bool:
    match Status(_word(status, Status, "status")):
        case Status.OPEN:
            return reopen(item, by=by)
        case Status.IN_PROGRESS:
            return begin(item, by=by)
        case Status.DONE:
            return finish(item, by=by)
        case Status.DROPPED:
            return drop(item, by=by, reason=reason or "")


def _enter(item: ActionItem, status: Status, did: str, *, by: Actor, reason: str | None = None) -> bool:
    now = clock.now()
    if not item.is_undone:
        item.owed_since = now
    item.status = status
    item.done_at, item.done_by_name = (now, by.name) if status is Status.DONE else (None, None)
    item.dropped_at, item.dropped_reason = (now, reason) if status is Status.DROPPED else (None, None)
    item.version += 1
    note(item, db.session.get_one(Incident, item.incident_id), did, by=by, **({"reason": reason} if reason else {}))
    db.session.flush()
    return True


def note(item: ActionItem, incident: Incident, did: str, *, by: Actor, **more: Any) -> None:
    """One entry on the incident's timeline; the item's own history is what these say of it."""
    journal.write(incident, "action_item", by=by, detail={"item_id": item.id, "did": did, "title": item.title, **more})


def _check_owner(incident: Incident, owner: Person | None) -> None:
    if owner is None:
        return
    if not owner.may(Role.RESPONDER):
        raise Malformed({"owner": f"{owner.name} cannot own it: the account is disabled or may only look."})
    if not telling.who_may_hear(incident, [owner]):
        raise Malformed({"owner": f"{owner.name} may not see {incident.ref}. Name them there first."})


def _title(value: str) -> str:
    text = journal.words(" ".join(value.split()), field="title", sentence="Say what is to be done.")
    if len(text) > TITLE_LENGTH:
        raise Malformed({"title": f"Use at most {TITLE_LENGTH} characters. There are {len(text)} now."})
    return text


def _word(value: str, known: type[Kind | Priority | Status], field: str) -> str:
    if value not in [*known]:
        raise Malformed({field: f"Choose one of {', '.join(known)}."})
    return value


def _day(value: date | None) -> date | None:
    """A day on which it can be due; one that has passed is taken, since that is how late it then is."""
    if value is not None and abs(value - clock.now().date()) > _FARTHEST:
        raise Malformed({"due_on": "Choose a day within ten years."})
    return value


def _told(name: str, value: Any) -> str | None:
    if name == "owner_id":
        person = db.session.get(Person, value) if value is not None else None
        return person.name if person else None
    return _iso(value) if name == "due_on" else value


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
