"""Fields that the forms of on call share: times in the viewer's zone, a rotation, somebody who can be on call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flask import request

from ...kernel.errors import Malformed
from ...records.oncall import Rotation, rotations
from ...records.people import Person, Role, active_people, find_person
from ..formats import parse_local

_FIRST_YEAR, _AFTER_LAST = 2000, 2100  # as the API has it: a schedule cannot be reckoned at the ends of the calendar


def text(name: str) -> str:
    """A field, trimmed."""
    return request.values.get(name, "").replace("\x00", "").replace("\r\n", "\n").strip()


def moment(name: str, problems: dict[str, str], *, wanted: bool = True, given: str | None = None) -> datetime | None:
    """A datetime-local field (or what is ``given``) as an instant; what is wrong with it stands in ``problems``."""
    given = text(name) if given is None else given
    if not given and not wanted:
        return None
    try:
        found = parse_local(given)
    except (ValueError, OverflowError):
        problems[name] = "Give a date and a time, such as 23 Nov 2026, 02:41."
        return None
    if not _FIRST_YEAR <= found.year < _AFTER_LAST:
        problems[name] = "Give a time between 2000 and 2100."
        return None
    return found


def rotation(problems: dict[str, str]) -> Rotation | None:
    """The chosen rotation; the only one there is needs no choice."""
    known = {str(each.id): each for each in rotations()}
    chosen = text("rotation")
    if not chosen and len(known) == 1:
        return next(iter(known.values()))
    if chosen not in known:
        problems["rotation"] = "Choose a rotation."
    return known.get(chosen)


def person(name: str, problems: dict[str, str], *, wanted: bool = True) -> Person | None:
    """Somebody chosen from a list by e-mail address."""
    email = text(name)
    found = find_person(email) if email else None
    if found is None and (wanted or email):
        problems[name] = "Choose somebody from the list."
    return found


def responders() -> list[tuple[str, str]]:
    """Who can be on call, as a list to choose from."""
    return [(each.email, each.name) for each in active_people(Role.RESPONDER)]


def rotation_choices() -> list[tuple[str, str]]:
    """The rotations that answer for somebody, as a list to choose from."""
    return [(str(each.id), each.name) for each in rotations()]


def raise_any(problems: Mapping[str, str]) -> None:
    """Raise Malformed with all of them, where there are any."""
    if problems:
        raise Malformed(problems)
