"""Rotations: make one, change one whole, archive one, and fetch it back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from urllib.parse import urlsplit

from sqlalchemy import delete, select

from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed, NotAllowed, Outdated
from ..policy.rotations import Every
from ..records.actors import Actor
from ..records.matrix import EscalationLevelSetting
from ..records.oncall import (
    NAME_LENGTH,
    ImportedShift,
    LayerMember,
    OnCallRole,
    Rotation,
    RotationLayer,
    layers_of,
    members_of,
    rotation_named,
)
from ..records.people import Person, Role
from . import audit, journal
from .people import clean_zone
from .shifts import on_call_at

MOST_LAYERS, MOST_PEOPLE, LONGEST_COUNT, LONGEST_SOURCE = 20, 100, 366, 1000
UNCHANGED = "unchanged"  # no address of a calendar is this
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_SCHEMES = {"http": "http", "https": "https", "webcal": "https"}


@dataclass(frozen=True, kw_only=True)
class LayerGiven:
    """One layer as somebody wrote it; see ``records.oncall.RotationLayer``. Times are ``HH:MM``, 0 is Monday."""

    people: Sequence[Person]
    every: str = Every.WEEK
    count: int = 1
    weekday: int | None = None
    at: str = "09:00"
    starts_on: date
    ends_on: date | None = None
    weekdays: Sequence[int] = ()
    hours: tuple[str, str] | None = None


def create_rotation(
    *,
    by: Actor,
    name: str,
    zone: str,
    layers: Sequence[LayerGiven] = (),
    source_url: str | None = None,
    announces: bool = True,
) -> Rotation:
    """Add a rotation: with layers, or read from the calendar at ``source_url``.

    Raises Malformed with the fields ``name``, ``zone``, ``source_url``, ``layers`` and such as ``layers/0/people``.
    """
    rotation = Rotation(
        name=_free_name(name, but=None),
        zone=clean_zone(zone),
        announces=announces,
        announced_until=clock.now(),
        source_url=_clean_source(source_url),
    )
    _check_layers(layers, is_read=rotation.source_url is not None)
    db.session.add(rotation)
    db.session.flush()
    _write_layers(rotation, layers)
    audit.note("added the rotation", by=by, subject=rotation.name, **_told(rotation, layers))
    db.session.flush()
    return rotation


def change_rotation(
    rotation: Rotation,
    *,
    by: Actor,
    name: str | None = None,
    zone: str | None = None,
    layers: Sequence[LayerGiven] | None = None,
    source_url: str | None = UNCHANGED,
    announces: bool | None = None,
    version: int | None = None,
) -> Rotation:
    """Change what is given; ``layers`` replaces them all. Shifts of the past are shown by the layers as they stand.

    Raises Malformed like ``create_rotation``, Outdated when ``version`` is no longer the one that stands, and
    NotAllowed for an archived one.
    """
    _must_be_kept(rotation)
    if version is not None and version != rotation.version:
        raise Outdated(
            f"{rotation.name} has changed since you read it. Nothing was recorded.", version=rotation.version
        )
    if source_url != UNCHANGED:
        _change_source(rotation, _clean_source(source_url))
        # what is read from elsewhere takes the place of the layers
        layers = [] if layers is None and rotation.source_url is not None else layers
    if layers is not None or source_url != UNCHANGED:
        _check_layers(layers_given(rotation) if layers is None else layers, is_read=rotation.source_url is not None)
    if name is not None:
        rotation.name = _free_name(name, but=rotation)
    if zone is not None:
        rotation.zone = clean_zone(zone)
    if announces is not None:
        _announce_from_now(rotation, announces)
    if layers is not None:
        _write_layers(rotation, layers)
    rotation.version += 1
    rotation.changed_at = clock.now()
    audit.note("changed the rotation", by=by, subject=rotation.name, **_told(rotation, layers))
    db.session.flush()
    return rotation


def archive_rotation(rotation: Rotation, *, by: Actor) -> None:
    """It answers for nobody any more; overrides and history keep its name.

    Raises NotAllowed while a role or the escalation policy still names it: they would mean nobody from then on.
    """
    if rotation.archived_at is not None:
        return
    users = who_uses(f"rotation:{rotation.id}")
    if users:
        raise NotAllowed(f"{rotation.name} is used by {' and '.join(users)}. Choose another there first.")
    rotation.archived_at = rotation.changed_at = clock.now()
    rotation.version += 1
    audit.note("archived the rotation", by=by, subject=rotation.name)
    db.session.flush()


def restore_rotation(rotation: Rotation, *, by: Actor) -> None:
    """Its people take turns again, as it is planned; nobody is paged by it until a role or a policy names it.

    What would have been handed over while it was archived is not told afterwards.
    """
    if rotation.archived_at is None:
        return
    rotation.archived_at = None
    rotation.changed_at = clock.now()
    rotation.version += 1
    _hear_from_now(rotation)
    audit.note("restored the rotation", by=by, subject=rotation.name)
    db.session.flush()


def who_uses(word: str) -> list[str]:
    """Where a word stands: the labels of roles, and policies such as ``the escalation policy of P1``."""
    roles = [
        row.label for row in db.session.scalars(select(OnCallRole).order_by(OnCallRole.position)) if word in row.tell
    ]
    levels = db.session.scalars(select(EscalationLevelSetting))
    policies = sorted({f"the escalation policy of {level.severity}" for level in levels if word in level.tell})
    return [*roles, *policies]


def layers_given(rotation: Rotation) -> list[LayerGiven]:
    """The layers as they stand, in the form in which they are given."""
    members = members_of(rotation.id)
    return [
        LayerGiven(
            people=[person for each in members.get(layer.id, []) if (person := db.session.get(Person, each))],
            every=layer.every,
            count=layer.count,
            weekday=layer.weekday,
            at=layer.at,
            starts_on=layer.starts_on,
            ends_on=layer.ends_on,
            weekdays=[int(day) for day in layer.weekdays or ""],
            hours=(layer.hours_from, layer.hours_until) if layer.hours_from and layer.hours_until else None,
        )
        for layer in layers_of(rotation.id)
    ]


def _announce_from_now(rotation: Rotation, announces: bool) -> None:
    """What was handed over while it kept silent is not told afterwards."""
    if announces and not rotation.announces:
        _hear_from_now(rotation)
    rotation.announces = announces


def _hear_from_now(rotation: Rotation) -> None:
    present = on_call_at(rotation, clock.now())
    rotation.announced_until, rotation.announced_id = clock.now(), present.id if present else None


def _must_be_kept(rotation: Rotation) -> None:
    if rotation.archived_at is not None:
        raise NotAllowed(f"{rotation.name} is archived. Restore it first.")


def _free_name(name: str, *, but: Rotation | None) -> str:
    name = journal.name(name, field="name", sentence="Give the rotation a name.", longest=NAME_LENGTH)
    taken = rotation_named(name)
    if taken is not None and taken is not but:
        was = " It is archived: restore that one, or choose another name." if taken.archived_at else ""
        raise Malformed({"name": f"Another rotation has this name.{was}"})
    return name


def _clean_source(url: str | None) -> str | None:
    """The address of a calendar; ``webcal`` is https. Whether it may be reached is judged each time it is read."""
    if not url or not url.strip():
        return None
    url = url.strip()
    refusal = Malformed({"source_url": "Give the address of a calendar, such as https://example.com/on-call.ics"})
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise refusal from None
    if parts.scheme not in _SCHEMES or not host or len(url) > LONGEST_SOURCE or not url.isprintable() or " " in url:
        raise refusal
    return parts._replace(scheme=_SCHEMES[parts.scheme]).geturl()


def _change_source(rotation: Rotation, url: str | None) -> None:
    """Another calendar begins anew: shifts of the old one are not mixed with its own."""
    if url == rotation.source_url:
        return
    rotation.source_url = url
    rotation.source_read_at = rotation.source_tried_at = rotation.source_problem = None
    db.session.execute(delete(ImportedShift).where(ImportedShift.rotation_id == rotation.id))


def _check_layers(layers: Sequence[LayerGiven], *, is_read: bool) -> None:
    if is_read and layers:
        raise Malformed({"layers": "A rotation that is read from a calendar has no layers of its own."})
    if not is_read and not layers:
        raise Malformed({"layers": "Put at least one person into the rotation."})
    if len(layers) > MOST_LAYERS:
        raise Malformed({"layers": f"Use at most {MOST_LAYERS} layers."})
    problems: dict[str, str] = {}
    for place, layer in enumerate(layers):
        problems |= {f"layers/{place}/{field}": sentence for field, sentence in _problems(layer).items()}
    if problems:
        raise Malformed(problems)


def _problems(layer: LayerGiven) -> dict[str, str]:
    """Field and sentence for each thing that is wrong with a layer."""
    wrong = {
        "people": _wrong_people(layer.people),
        "every": None if layer.every in [*Every] else "Choose hour, day or week.",
        "count": None if 1 <= layer.count <= LONGEST_COUNT else f"Give a whole number from 1 to {LONGEST_COUNT}.",
        "weekday": _wrong_weekday(layer),
        "at": None if _TIME.fullmatch(layer.at) else "Write the time of the hand-over as 09:00.",
        "starts_on": _wrong_day(layer.starts_on),
        "ends_on": _wrong_end(layer),
        "weekdays": None if set(layer.weekdays) <= set(range(7)) else "Choose days of the week.",
        "hours": _wrong_hours(layer.hours),
    }
    return {field: sentence for field, sentence in wrong.items() if sentence}


def _wrong_people(people: Sequence[Person]) -> str | None:
    if not people:
        return "Put at least one person into the rotation."
    if len(people) > MOST_PEOPLE:
        return f"Use at most {MOST_PEOPLE} people."
    unfit = [person.name for person in people if not person.may(Role.RESPONDER)]
    if unfit:
        return f"{unfit[0]} cannot be on call: the account is disabled or may only look."
    return None


def _wrong_weekday(layer: LayerGiven) -> str | None:
    if layer.weekday is None:
        return None
    if layer.every != Every.WEEK:
        return "Only turns of weeks are handed over on a day of the week."
    return None if 0 <= layer.weekday <= 6 else "Choose a day of the week."


def _wrong_day(day: date) -> str | None:
    known = _FIRST_YEAR <= day.year < _LAST_YEAR
    return None if known else f"Give a day between {_FIRST_YEAR} and {_LAST_YEAR}."


def _wrong_end(layer: LayerGiven) -> str | None:
    if layer.ends_on is None:
        return None
    if layer.ends_on < layer.starts_on:
        return "It ends before it starts."
    return _wrong_day(layer.ends_on)


def _wrong_hours(hours: tuple[str, str] | None) -> str | None:
    if hours is None or all(_TIME.fullmatch(each) for each in hours):
        return None
    return "Write the hours as 09:00 and 17:00."


def _write_layers(rotation: Rotation, layers: Sequence[LayerGiven]) -> None:
    """Replace them all, members before layers: SQLite is not asked to cascade."""
    standing = select(RotationLayer.id).where(RotationLayer.rotation_id == rotation.id)
    db.session.execute(delete(LayerMember).where(LayerMember.layer_id.in_(standing)))
    db.session.execute(delete(RotationLayer).where(RotationLayer.rotation_id == rotation.id))
    for position, given in enumerate(layers):
        hours = given.hours or (None, None)
        layer = RotationLayer(
            rotation_id=rotation.id,
            position=position,
            every=str(given.every),
            count=given.count,
            weekday=given.weekday,
            at=_minutes(given.at),
            starts_on=given.starts_on,
            ends_on=given.ends_on,
            weekdays="".join(str(day) for day in sorted(set(given.weekdays))) or None,
            hours_from=hours[0],
            hours_until=hours[1],
        )
        db.session.add(layer)
        db.session.flush()
        db.session.add_all(
            LayerMember(layer_id=layer.id, position=place, person_id=person.id)
            for place, person in enumerate(given.people)
        )
    db.session.flush()


def _minutes(written: str) -> str:
    return time.fromisoformat(written).isoformat("minutes")


def _told(rotation: Rotation, layers: Sequence[LayerGiven] | None) -> dict[str, object]:
    """What the audit log keeps; the address of a calendar is a secret."""
    told: dict[str, object] = {"zone": rotation.zone, "announces": rotation.announces}
    if rotation.source_url is not None:
        told["read_from"] = urlsplit(rotation.source_url).hostname
    if layers:
        told["people"] = [[person.email for person in layer.people] for layer in layers]
    return told
