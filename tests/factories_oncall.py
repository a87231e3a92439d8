"""Rotations for tests, made by the real actions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from incidents.actions import oncall_roles, rotations
from incidents.actions.rotations import LayerGiven
from incidents.kernel.database import db
from incidents.records.actors import COMMAND_LINE
from incidents.records.oncall import Rotation
from incidents.records.people import Person

# two Mondays before the Monday at which the tests' clock stands
BEGAN = date(2026, 11, 9)


def a_rotation(*people: Person, name: str = "Primary", role: str | None = "on_call_engineer", **more: Any) -> Rotation:
    """A weekly rotation of these people, handed over Mondays at 09:00 of Berlin; committed.

    ``more`` is of its one layer; ``role`` resolves to it.
    """
    layer = LayerGiven(people=people, **{"weekday": 0, "starts_on": BEGAN, **more})
    return a_layered_rotation([layer], name=name, role=role)


def a_layered_rotation(layers: Sequence[LayerGiven], *, name: str, role: str | None = None) -> Rotation:
    """A rotation of these layers; committed."""
    rotation = rotations.create_rotation(by=COMMAND_LINE, name=name, zone="Europe/Berlin", layers=layers)
    if role is not None:
        oncall_roles.assign(role, by=COMMAND_LINE, tell=[f"rotation:{rotation.id}"])
    db.session.commit()
    return rotation
