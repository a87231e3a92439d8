"""Incidents and people for tests, made by the real actions."""

from __future__ import annotations

from typing import Any

from incidents import actions
from incidents.kernel.database import db
from incidents.published import components
from incidents.records.actors import Actor
from incidents.records.incidents import Incident
from incidents.records.people import Person


def a_person(name: str = "Alice", *, role: str = "responder", **more: Any) -> Person:
    """A person with an account at example.com, without a password."""
    person = Person(email=f"{name.lower()}@example.com", name=name, role=role, **more)
    db.session.add(person)
    db.session.flush()
    return person


def a_component(name: str = "API", **more: Any) -> str:
    """A component; its public id."""
    component = components.add_component(name=name, **more)
    db.session.flush()
    return component.public_id


def an_incident(
    *, by: Person | Actor, severity: str = "P1", title: str = "AI provider rate limited", **more: Any
) -> Incident:
    """A declared incident, committed."""
    actor = by.as_actor() if isinstance(by, Person) else by
    incident = actions.declare(title=title, severity=severity, by=actor, **more)
    db.session.commit()
    return incident
