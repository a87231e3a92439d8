"""Rotations and their shifts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from werkzeug.exceptions import NotFound

from ..access import Scope, actor
from ..actions import oncall, rotations
from ..kernel import clock
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..policy.rotations import Shift, Source
from ..records.oncall import NAME_LENGTH, Rotation
from ..records.oncall import rotations as rotations_by_name
from . import conditional, loading, paging, shapes
from .fields import Body, choice, flag, moment, or_null, text
from .oncall_fields import (
    HANDOFF_SHAPE,
    LAYER_SHAPE,
    MAYBE_PERSON,
    ROTATION,
    layers_given,
    layers_shape,
    person_shape,
    pointing_into,
)
from .operations import Answer, Given, Thing, operation
from .paging import Page
from .shapes import FLAG, MAYBE_TEXT, MAYBE_TIME, NUMBER, TEXT, TIME, maybe_stamp, stamp

_SHOWN = timedelta(days=30)
_LONGEST = timedelta(days=400)

shapes.named(
    "Rotation",
    shapes.record(
        id=NUMBER,
        name=TEXT,
        time_zone=TEXT,
        handoff=HANDOFF_SHAPE,
        people=shapes.many(TEXT),
        starts_on=MAYBE_TEXT,
        layers=shapes.many(LAYER_SHAPE),
        announces=FLAG,
        source_url=MAYBE_TEXT,
        source=or_null(shapes.record(read_at=MAYBE_TIME, tried_at=MAYBE_TIME, problem=MAYBE_TEXT)),
        person=MAYBE_PERSON,
        archived=FLAG,
        created_at=TIME,
        version=NUMBER,
    ),
)
shapes.named(
    "Shift",
    shapes.record(starts_at=TIME, ends_at=TIME, person=MAYBE_PERSON, source=shapes.word(Source), absent=MAYBE_TEXT),
)
_NAME = text(NAME_LENGTH, example="Primary")
_ZONE = text(64, example="Europe/Berlin")
_MORE = {**ROTATION, "announces": flag(), **loading.VERSION}
WHOLE = Body(required={"name": _NAME, "time_zone": _ZONE}, optional=_MORE)
PART = Body(optional={"name": _NAME, "time_zone": _ZONE, "archived": flag(), **_MORE})


@operation(
    "GET",
    "/on-call/rotations",
    scope=Scope.READ,
    summary="Every rotation, by name; with archived=true those that were archived instead.",
    gives="Rotation",
    query={"archived": choice(("true", "false"))},
    is_list=True,
)
def list_rotations(given: Given) -> Page[Thing]:
    page = paging.by_place(rotations_by_name(archived=given.get("archived") == "true"), given)
    return Page([_shape(rotation) for rotation in page.rows], page.cursor)


@operation(
    "POST",
    "/on-call/rotations",
    scope=Scope.ADMIN,
    summary="Add a rotation: people and handoff for one layer, layers for several, source_url for a calendar elsewhere.",
    gives="Rotation",
    body=WHOLE,
    status=201,
)
def add_rotation(given: Given) -> Answer:
    with pointing_into(given):
        rotation = rotations.create_rotation(
            by=actor(),
            name=given["name"],
            zone=given["time_zone"],
            layers=layers_given(given, zone=given["time_zone"]) or (),
            source_url=given.get("source_url"),
            announces=given.get("announces", True),
        )
    return _answer(rotation, location=f"/on-call/rotations/{rotation.id}")


@operation("GET", "/on-call/rotations/<rotation_id>", scope=Scope.READ, summary="One rotation.", gives="Rotation")
def show_rotation(given: Given, rotation_id: str) -> Answer:
    return _answer(to_read(rotation_id))


@operation(
    "PUT",
    "/on-call/rotations/<rotation_id>",
    scope=Scope.ADMIN,
    summary="Replace a rotation whole.",
    gives="Rotation",
    body=WHOLE,
)
def replace_rotation(given: Given, rotation_id: str) -> Answer:
    rotation = _to_change(rotation_id, given)
    with pointing_into(given):
        rotations.change_rotation(
            rotation,
            by=actor(),
            name=given["name"],
            zone=given["time_zone"],
            layers=layers_given(given, zone=given["time_zone"]) or (),
            source_url=_source(rotation, given),
            announces=given.get("announces", True),
        )
    return _answer(rotation)


@operation(
    "PATCH",
    "/on-call/rotations/<rotation_id>",
    scope=Scope.ADMIN,
    summary="Change some of it; layers are replaced together. archived: false fetches an archived one back.",
    gives="Rotation",
    body=PART,
)
def change_rotation(given: Given, rotation_id: str) -> Answer:
    rotation = _to_change(rotation_id, given, even_archived=given.get("archived") is False)
    if given.get("archived") is False:
        rotations.restore_rotation(rotation, by=actor())
    if given.keys() - {"archived", "version"}:
        _change(rotation, given)
    if given.get("archived"):
        rotations.archive_rotation(rotation, by=actor())
    return _answer(rotation)


def _change(rotation: Rotation, given: Given) -> None:
    with pointing_into(given):
        rotations.change_rotation(
            rotation,
            by=actor(),
            name=given.get("name"),
            zone=given.get("time_zone"),
            layers=_layers_changed(rotation, given),
            source_url=_source(rotation, given) if "source_url" in given else rotations.UNCHANGED,
            announces=given.get("announces"),
        )


@operation(
    "DELETE",
    "/on-call/rotations/<rotation_id>",
    scope=Scope.ADMIN,
    summary="Archive a rotation. Refused while a role or an escalation policy names it.",
    gives=None,
    status=204,
)
def archive_rotation(given: Given, rotation_id: str) -> None:
    rotations.archive_rotation(_to_change(rotation_id, given), by=actor())


@operation(
    "GET",
    "/on-call/rotations/<rotation_id>/shifts",
    scope=Scope.READ,
    summary="Who is on call from since (now) to until (30 days later), without holes: a gap has no person.",
    gives="Shift",
    query={"since": moment(), "until": moment()},
    is_list=True,
)
def list_shifts(given: Given, rotation_id: str) -> Page[Thing]:
    rotation = to_read(rotation_id)
    since = given.get("since") or clock.now()
    until = given.get("until") or since + _SHOWN
    if not since < until <= since + _LONGEST:
        raise Malformed({"until": f"Give a time after since, and at most {_LONGEST.days} days later."})
    page = paging.by_place(oncall.shifts(rotation, since=since, until=until), given)
    return Page([_shift_shape(shift) for shift in page.rows], page.cursor)


def to_read(rotation_id: str) -> Rotation:
    """The rotation of an address, archived or not."""
    rotation = db.session.get(Rotation, loading.row_id(rotation_id))
    if rotation is None:
        raise NotFound
    return rotation


def named_in_body(rotation_id: int) -> Rotation:
    """A rotation named in a body by its id. Raises Malformed (``rotation``)."""
    rotation = db.session.get(Rotation, rotation_id)
    if rotation is None or rotation.archived_at is not None:
        raise Malformed({"rotation": f"There is no rotation {rotation_id}."})
    return rotation


def _to_change(rotation_id: str, given: Given, *, even_archived: bool = False) -> Rotation:
    locked = select(Rotation).where(Rotation.id == loading.row_id(rotation_id)).with_for_update()
    rotation = db.session.scalar(locked)
    if rotation is None or (rotation.archived_at is not None and not even_archived):
        raise NotFound
    conditional.expect(rotation.version, given, what=rotation.name, theirs={"name": rotation.name})
    return rotation


def _layers_changed(rotation: Rotation, given: Given) -> list[rotations.LayerGiven] | None:
    """A change of the hand-over alone keeps the people of a rotation with one layer, and the other way round."""
    if "layers" in given or not given.keys() & {"people", "handoff", "starts_on"}:
        return layers_given(given, zone=rotation.zone)
    standing = layers_shape(rotation)
    if len(standing) > 1:
        raise Malformed({"layers": "This rotation has several layers: give them all."})
    before = rotations.layers_given(rotation)[0] if standing else None
    merged = dict(given)
    if before is not None:
        merged.setdefault("people", [person.email for person in before.people])
        merged.setdefault("starts_on", before.starts_on)
        merged["handoff"] = given.get("handoff") or {
            "every": before.every,
            "count": before.count,
            "weekday": before.weekday,
            "at": before.at,
        }
        merged.setdefault("ends_on", before.ends_on)
        merged.setdefault("weekdays", before.weekdays)
        merged.setdefault("hours", {"from": before.hours[0], "until": before.hours[1]} if before.hours else None)
    return layers_given(merged, zone=given.get("time_zone", rotation.zone))


def _source(rotation: Rotation, given: Given) -> str | None:
    """What was read here and sent back masked means the address that stands."""
    url: str | None = given.get("source_url")
    return rotations.UNCHANGED if url is not None and url == _masked(rotation.source_url) else url


def _masked(url: str | None) -> str | None:
    if url is None:
        return None
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}/…"


def _answer(rotation: Rotation, *, location: str | None = None) -> Answer:
    return Answer(_shape(rotation), version=rotation.version, location=location)


def _shape(rotation: Rotation) -> dict[str, Any]:
    layers = layers_shape(rotation)
    first = layers[0] if layers else {"people": [], "handoff": None, "starts_on": None}
    return {
        "id": rotation.id,
        "name": rotation.name,
        "time_zone": rotation.zone,
        "handoff": first["handoff"],
        "people": first["people"],
        "starts_on": first["starts_on"],
        "layers": layers,
        "announces": rotation.announces,
        "source_url": _masked(rotation.source_url),
        "source": None
        if rotation.source_url is None
        else {
            "read_at": maybe_stamp(rotation.source_read_at),
            "tried_at": maybe_stamp(rotation.source_tried_at),
            "problem": rotation.source_problem,
        },
        "person": person_shape(oncall.on_call_at(rotation, clock.now())),
        "archived": rotation.archived_at is not None,
        "created_at": stamp(rotation.created_at),
        "version": rotation.version,
    }


def _shift_shape(shift: Shift) -> dict[str, Any]:
    return {
        "starts_at": stamp(shift.starts_at),
        "ends_at": stamp(shift.ends_at),
        "person": person_shape(oncall.person_of(shift)),
        "source": shift.source,
        "absent": shift.absent or None,
    }
