"""The people, and by which addresses each is told: kinds and names alone, for the values are nobody else's."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from werkzeug.exceptions import NotFound

from ..access import Scope, actor
from ..actions import address_values, addresses
from ..records.addresses import HIGH, LONGEST_DELAY, LOW, URGENCIES, ContactAddress
from ..records.people import Person, Role, find_person
from ..reports import ways
from ..reports.ways import Way, Ways
from . import loading, paging, shapes
from .fields import Body, Field, choice, clearable, listing, text, whole
from .operations import Answer, Given, Thing, operation
from .paging import Page
from .shapes import EMAIL, FLAG, MAYBE_NUMBER, MAYBE_TEXT, MAYBE_TIME, NUMBER, TEXT, maybe_stamp

shapes.named(
    "Account",
    shapes.record(email=EMAIL, name=TEXT, role=shapes.word(Role), time_zone=TEXT, active=FLAG),
)
shapes.named(
    "Address",
    shapes.record(
        id=MAYBE_NUMBER,  # null: the account's own e-mail
        kind=shapes.word(address_values.KINDS),
        label=TEXT,
        high_after=MAYBE_NUMBER,
        low_after=MAYBE_NUMBER,
        works=FLAG,
        why_not=MAYBE_TEXT,
        test_state=MAYBE_TEXT,
        tested_at=MAYBE_TIME,
    ),
)
shapes.named(
    "NewAddress",
    shapes.record(id=NUMBER, kind=shapes.word(address_values.KINDS), label=TEXT, secret=MAYBE_TEXT),
)
_RULE = shapes.record(address=MAYBE_NUMBER, after_minutes=NUMBER)
shapes.named("ContactRules", shapes.record(high=shapes.many(_RULE), low=shapes.many(_RULE)))

_MINUTES = whole(0, LONGEST_DELAY)
_RULES: Field = listing(
    Body(required={"address": clearable(whole(1, 2**31 - 1)), "after_minutes": _MINUTES}).as_field(),
    most=addresses.MOST + 1,
)


@operation(
    "GET",
    "/people",
    scope=Scope.READ,
    summary="Everybody who has an account, or had one.",
    gives="Account",
    is_list=True,
)
def list_accounts(given: Given) -> Page[Thing]:
    page = paging.by_id(select(Person), Person.id, given, newest_first=False)
    return Page([_account(person) for person in page.rows], page.cursor)


@operation(
    "GET",
    "/people/<email>/addresses",
    scope=Scope.ADMIN,
    summary="By which addresses a person is told, after how many minutes, and whether each works. No values.",
    gives="Address",
    is_list=True,
)
def list_addresses(given: Given, email: str) -> Page[Thing]:
    person = _person(email)
    known = Ways([person])
    chosen = {urgency: {_id(way): _minutes(way) for way in known.chosen_by(person, urgency)} for urgency in URGENCIES}
    everything = known.all_of(person)
    tests = ways.last_tests(person, everything)
    return Page([_shape(person, way, chosen, tests) for way in everything], None)


@operation(
    "POST",
    "/people/<email>/addresses",
    scope=Scope.ADMIN,
    summary="Add an address; the person hears of it by e-mail. A webhook's secret is in this answer and in no other. "
    "Without low_after P3 and P4 come there if it is Slack.",
    gives="NewAddress",
    body=Body(
        required={"kind": choice(address_values.KINDS), "value": text(address_values.LONGEST)},
        optional={"label": text(80), "high_after": clearable(_MINUTES), "low_after": clearable(_MINUTES)},
    ),
    status=201,
)
def add_address(given: Given, email: str) -> Answer:
    address = addresses.add_address(
        _person(email),
        kind=given["kind"],
        value=given["value"],
        label=given.get("label", ""),
        high=given.get("high_after", 0),
        low=given.get("low_after", addresses.USUAL),
        by=actor(),
    )
    return Answer(
        {"id": address.id, "kind": address.kind, "label": address.label, "secret": address.secret},
        location=f"/people/{email}/addresses",
    )


@operation(
    "DELETE",
    "/people/<email>/addresses/<address_id>",
    scope=Scope.ADMIN,
    summary="Use an address no more.",
    gives=None,
    status=204,
)
def remove_address(given: Given, email: str, address_id: str) -> None:
    person = _person(email)
    addresses.remove_address(person, _address(person, address_id), by=actor())


@operation(
    "GET",
    "/people/<email>/contact-rules",
    scope=Scope.ADMIN,
    summary="In which order a person's addresses are used, by urgency. Address null is the account's e-mail.",
    gives="ContactRules",
)
def read_contact_rules(given: Given, email: str) -> Thing:
    return _rules(_person(email))


@operation(
    "PUT",
    "/people/<email>/contact-rules",
    scope=Scope.ADMIN,
    summary="Choose the order anew: high is P1 and P2, low is P3 and P4. What is not named is not used.",
    gives="ContactRules",
    body=Body(required={HIGH: _RULES, LOW: _RULES}),
)
def replace_contact_rules(given: Given, email: str) -> Thing:
    person = _person(email)
    unused = {_id(way): None for way in Ways([person]).all_of(person)}
    chosen = {
        urgency: {**unused, **{rule["address"]: rule["after_minutes"] for rule in given[urgency]}}
        for urgency in URGENCIES
    }
    addresses.choose_delays(person, chosen, by=actor())
    return _rules(person)


def _person(email: str) -> Person:
    person = find_person(email)
    if person is None:
        raise NotFound
    return person


def _address(person: Person, address_id: str) -> ContactAddress:
    address = addresses.find_address(person, loading.row_id(address_id))
    if address is None:
        raise NotFound
    return address


def _account(person: Person) -> dict[str, Any]:
    return {
        "email": person.email,
        "name": person.name,
        "role": person.role,
        "time_zone": person.zone,
        "active": person.is_active,
    }


def _shape(person: Person, way: Way, chosen: Any, tests: Any) -> dict[str, Any]:
    test = tests.get(ways.test_event(person, way) or "")
    return {
        "id": _id(way),
        "kind": way.channel,
        "label": way.address.label if way.address else "Account e-mail",
        "high_after": chosen[HIGH].get(_id(way)),
        "low_after": chosen[LOW].get(_id(way)),
        "works": not way.why_not,
        "why_not": way.why_not or None,
        "test_state": None if test is None else test.state,
        "tested_at": None if test is None else maybe_stamp(test.sent_at),
    }


def _rules(person: Person) -> dict[str, Any]:
    known = Ways([person])
    return {
        urgency: [{"address": _id(way), "after_minutes": _minutes(way)} for way in known.chosen_by(person, urgency)]
        for urgency in URGENCIES
    }


def _id(way: Way) -> int | None:
    return way.address.id if way.address else None


def _minutes(way: Way) -> int:
    return int(way.after.total_seconds()) // 60
