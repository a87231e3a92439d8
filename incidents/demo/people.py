"""The people of the company, the program that watches it, and how they are reached."""

from __future__ import annotations

from dataclasses import dataclass

from ..access.passwords import PasswordHash
from ..actions import api_tokens, people
from ..records.actors import COMMAND_LINE, Actor
from ..records.people import Person, Role
from ..records.tokens import Scope, find_token

PASSWORD = "seven bells and all is well"  # noqa: S105 - printed on purpose: the demo answers on loopback alone
ZONE = "Europe/Berlin"


@dataclass(frozen=True)
class Login:
    """An account that the demo prints."""

    email: str
    name: str
    role: Role
    says: str


MAYA = Login("maya@example.com", "Maya Lindqvist", Role.ADMIN, "engineer, commands the open P1")
PRIYA = Login("priya@example.com", "Priya Raman", Role.RESPONDER, "engineer, writes its updates")
DANIEL = Login("daniel@example.com", "Daniel Cho", Role.RESPONDER, "support engineer")
JONAS = Login("jonas@example.com", "Jonas Weber", Role.RESPONDER, "engineering lead")
HELENA = Login("helena@example.com", "Helena Okafor", Role.ADMIN, "CTO")
AMIRA = Login("amira@example.com", "Amira Haddad", Role.VIEWER, "product, may look and not act")
EVERYBODY = (MAYA, PRIYA, DANIEL, JONAS, HELENA, AMIRA)
_LEFT = Login("tomas@example.com", "Tomas Novak", Role.RESPONDER, "left the company")
_MONITOR = "monitor-urls"


@dataclass(frozen=True)
class Cast:
    """Who acts in the scenes."""

    maya: Person
    priya: Person
    daniel: Person
    jonas: Person
    helena: Person
    monitor: Actor  # the program that calls addresses every 15 minutes


def hire(password: PasswordHash) -> Cast:
    """Add everybody, with one password for all."""
    admin = _account(HELENA, password)
    by_name = {login.name: _account(login, password) for login in EVERYBODY if login is not HELENA}
    people.change_preferences(by_name[PRIYA.name], agrees_to_drills=True, by=by_name[PRIYA.name].as_actor())
    people.change_preferences(by_name[DANIEL.name], agrees_to_drills=True, by=by_name[DANIEL.name].as_actor())
    return Cast(
        maya=by_name[MAYA.name],
        priya=by_name[PRIYA.name],
        daniel=by_name[DANIEL.name],
        jonas=by_name[JONAS.name],
        helena=admin,
        monitor=_monitor(admin.as_actor()),
    )


def part_with(cast: Cast, password: PasswordHash) -> None:
    """Somebody leaves: the account is closed, the name stays."""
    people.disable(_account(_LEFT, password), by=cast.helena.as_actor())


def _account(login: Login, password: PasswordHash) -> Person:
    person = people.add_person(email=login.email, name=login.name, role=login.role, by=COMMAND_LINE, password=password)
    people.change_zone(person, ZONE, by=person.as_actor())
    return person


def _monitor(by: Actor) -> Actor:
    api_tokens.issue_token(_MONITOR, Scope.RESPOND, by=by)
    token = find_token(_MONITOR)
    assert token is not None
    return token.as_actor()
