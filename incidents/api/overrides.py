"""Overrides of rotations, and swaps that people ask of one another."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from werkzeug.exceptions import NotFound

from ..access import Scope, actor
from ..actions import overrides, swaps
from ..kernel.database import db
from ..records.oncall import Override, ShiftSwap
from . import loading, paging, shapes
from .fields import Body, choices, clearable, moment, or_null, text, whole
from .oncall_fields import MAYBE_PERSON, person_numbered
from .operations import Answer, Given, Thing, operation
from .paging import Page
from .rotations import named_in_body
from .shapes import MAYBE_TIME, NUMBER, TEXT, TIME, maybe_stamp, stamp

SWAP_STATES = ("open", "accepted", "declined", "withdrawn", "lapsed")
shapes.named(
    "Override",
    shapes.record(
        id=NUMBER,
        rotation=NUMBER,
        person=MAYBE_PERSON,
        instead_of=MAYBE_PERSON,
        starts_at=TIME,
        ends_at=TIME,
        reason=TEXT,
        by=TEXT,
        created_at=TIME,
    ),
)
_STRETCH = shapes.record(starts_at=TIME, ends_at=TIME)
shapes.named(
    "Swap",
    {
        **shapes.record(
            id=NUMBER,
            rotation=NUMBER,
            to=MAYBE_PERSON,
            starts_at=TIME,
            ends_at=TIME,
            note=TEXT,
            state=shapes.word(SWAP_STATES),
            taken_by=MAYBE_PERSON,
            created_at=TIME,
            decided_at=MAYBE_TIME,
            **{"from": MAYBE_PERSON, "return": or_null(_STRETCH)},
        )
    },
)
_ROTATION = whole(1, 2**31 - 1)
_TIMES = {"starts_at": moment(), "ends_at": moment()}
OVERRIDE = Body(
    required={"rotation": _ROTATION, "person": loading.EMAIL, **_TIMES},
    optional={"instead_of": clearable(loading.EMAIL), "reason": text(overrides.LONGEST_REASON)},
)
SWAP = Body(
    required={"rotation": _ROTATION, "from": loading.EMAIL, **_TIMES},
    optional={
        "to": clearable(loading.EMAIL),
        "return": clearable(Body(required=_TIMES).as_field()),
        "note": text(swaps.LONGEST_NOTE),
    },
)
_WHO = Body(required={"person": loading.EMAIL})


@operation(
    "GET",
    "/on-call/overrides",
    scope=Scope.READ,
    summary="Overrides in the order in which they were made. since and until: those that hold between them.",
    gives="Override",
    query={"rotation": _ROTATION, "since": moment(), "until": moment()},
    is_list=True,
)
def list_overrides(given: Given) -> Page[Thing]:
    wanted = select(Override).where(Override.removed_at.is_(None))
    if "rotation" in given:
        wanted = wanted.where(Override.rotation_id == given["rotation"])
    if "since" in given:
        wanted = wanted.where(Override.ends_at > given["since"])
    if "until" in given:
        wanted = wanted.where(Override.starts_at < given["until"])
    page = paging.by_id(wanted, Override.id, given, newest_first=False)
    return Page([_override(each) for each in page.rows], page.cursor)


@operation(
    "POST",
    "/on-call/overrides",
    scope=Scope.RESPOND,
    summary="Put somebody on call for a while; with instead_of only where that person would be. The later made holds.",
    gives="Override",
    body=OVERRIDE,
    status=201,
)
def add_override(given: Given) -> Answer:
    instead_of = given.get("instead_of")
    made = overrides.add_override(
        named_in_body(given["rotation"]),
        by=actor(),
        person=loading.person(given["person"]),
        starts_at=given["starts_at"],
        ends_at=given["ends_at"],
        instead_of=loading.person(instead_of, field="instead_of") if instead_of else None,
        reason=given.get("reason", ""),
    )
    return Answer(_override(made), location=f"/on-call/overrides/{made.id}")


@operation("GET", "/on-call/overrides/<override_id>", scope=Scope.READ, summary="One override.", gives="Override")
def show_override(given: Given, override_id: str) -> Thing:
    return _override(_found(override_id))


@operation(
    "DELETE",
    "/on-call/overrides/<override_id>",
    scope=Scope.RESPOND,
    summary="Take an override back. One that has begun ends now; one that is over stays.",
    gives=None,
    status=204,
)
def remove_override(given: Given, override_id: str) -> None:
    overrides.remove_override(_found(override_id), by=actor())


@operation(
    "GET",
    "/on-call/swaps",
    scope=Scope.READ,
    summary="What people asked of one another, the newest first.",
    gives="Swap",
    query={"rotation": _ROTATION, "state": choices(SWAP_STATES)},
    is_list=True,
)
def list_swaps(given: Given) -> Page[Thing]:
    wanted = select(ShiftSwap)
    if "rotation" in given:
        wanted = wanted.where(ShiftSwap.rotation_id == given["rotation"])
    if "state" in given:
        wanted = wanted.where(ShiftSwap.state.in_(given["state"]))
    page = paging.by_id(wanted, ShiftSwap.id, given, newest_first=True)
    return Page([_swap(each) for each in page.rows], page.cursor)


@operation(
    "POST",
    "/on-call/swaps",
    scope=Scope.RESPOND,
    summary="Ask a colleague (to), or anybody, to take somebody's shift; perhaps for one in return.",
    gives="Swap",
    body=SWAP,
    status=201,
)
def ask_for_swap(given: Given) -> Answer:
    to, back = given.get("to"), given.get("return")
    swap = swaps.ask(
        named_in_body(given["rotation"]),
        by=loading.person(given["from"], field="from"),
        starts_at=given["starts_at"],
        ends_at=given["ends_at"],
        to=loading.person(to, field="to") if to else None,
        in_return=(back["starts_at"], back["ends_at"]) if back else None,
        note=given.get("note", ""),
        through=actor(),
    )
    return Answer(_swap(swap), location=f"/on-call/swaps/{swap.id}")


@operation("GET", "/on-call/swaps/<swap_id>", scope=Scope.READ, summary="One swap.", gives="Swap")
def show_swap(given: Given, swap_id: str) -> Thing:
    return _swap(_found_swap(swap_id))


@operation(
    "PUT",
    "/on-call/swaps/<swap_id>/acceptance",
    scope=Scope.RESPOND,
    summary="Take the shift for somebody: the overrides are made and both are told. The first to accept has it.",
    gives="Swap",
    body=_WHO,
)
def accept_swap(given: Given, swap_id: str) -> Thing:
    swap, person = _found_swap(swap_id), loading.person(given["person"])
    if swap.state != "accepted" or swap.taken_by_id != person.id:
        swaps.accept(swap, by=person, through=actor())
    return _swap(swap)


@operation(
    "PUT",
    "/on-call/swaps/<swap_id>/refusal",
    scope=Scope.RESPOND,
    summary="Say no for whoever was asked.",
    gives="Swap",
    body=_WHO,
)
def decline_swap(given: Given, swap_id: str) -> Thing:
    swap, person = _found_swap(swap_id), loading.person(given["person"])
    if swap.state != "declined" or swap.to_id != person.id:
        swaps.decline(swap, by=person, through=actor())
    return _swap(swap)


@operation(
    "PUT",
    "/on-call/swaps/<swap_id>/withdrawal",
    scope=Scope.RESPOND,
    summary="Ask no longer.",
    gives="Swap",
    body=_WHO,
)
def withdraw_swap(given: Given, swap_id: str) -> Thing:
    swap, person = _found_swap(swap_id), loading.person(given["person"])
    if swap.state != "withdrawn":
        swaps.withdraw(swap, by=person, through=actor())
    return _swap(swap)


def _found(override_id: str) -> Override:
    override = db.session.get(Override, loading.row_id(override_id))
    if override is None or override.removed_at is not None:
        raise NotFound
    return override


def _found_swap(swap_id: str) -> ShiftSwap:
    swap = db.session.get(ShiftSwap, loading.row_id(swap_id))
    if swap is None:
        raise NotFound
    return swap


def _override(override: Override) -> dict[str, Any]:
    return {
        "id": override.id,
        "rotation": override.rotation_id,
        "person": person_numbered(override.person_id),
        "instead_of": person_numbered(override.instead_of_id),
        **_stretch(override.starts_at, override.ends_at),
        "reason": override.reason,
        "by": override.by_name,
        "created_at": stamp(override.created_at),
    }


def _swap(swap: ShiftSwap) -> dict[str, Any]:
    back = None
    if swap.return_starts_at is not None and swap.return_ends_at is not None:
        back = _stretch(swap.return_starts_at, swap.return_ends_at)
    return {
        "id": swap.id,
        "rotation": swap.rotation_id,
        "from": person_numbered(swap.from_id),
        "to": person_numbered(swap.to_id),
        **_stretch(swap.starts_at, swap.ends_at),
        "return": back,
        "note": swap.note,
        "state": swap.state,
        "taken_by": person_numbered(swap.taken_by_id),
        "created_at": stamp(swap.created_at),
        "decided_at": maybe_stamp(swap.decided_at),
    }


def _stretch(starts_at: datetime, ends_at: datetime) -> dict[str, str]:
    return {"starts_at": stamp(starts_at), "ends_at": stamp(ends_at)}
