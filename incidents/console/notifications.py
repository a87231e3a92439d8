"""My notifications: where one is reached, in which order, when it is quiet, and whether that works."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from wtforms import SelectField, StringField

from ..access import Role, actor, may, me
from ..actions import address_values, addresses, reach
from ..actions.address_values import KINDS
from ..kernel import clock, outbox, throttle
from ..kernel.database import db
from ..kernel.errors import Malformed, Refusal
from ..kernel.outbox import OutboxMessage
from ..messages.about_incidents import clock_time
from ..policy import durations
from ..records.addresses import HIGH, LOW, URGENCIES, ContactAddress
from ..records.people import Person
from ..reports import ways
from ..reports.ways import Way, Ways
from . import visitor
from .forms import Form, refused, show

bp = Blueprint("console_notifications", __name__, url_prefix="/console/me/notifications")

_PAGE = "console/notifications.html"
_ADDRESS = "/console/me/notifications"
_ACCOUNT = 0  # stands for the account's own e-mail, which has no row
_TESTING = "address test"
_MINUTES = (0, 1, 2, 3, 5, 10, 15, 20, 30, 45, 60)
_ICONS = {"email": "mail", "slack": "chat", "pagerduty": "bolt", "webhook": "globe", "apprise": "phone"}
_URGENCY_WORDS = {HIGH: "P1 and P2", LOW: "P3 and P4"}


def _delays() -> list[tuple[str, str]]:
    return [("", "Not used"), *((str(minutes), _after(minutes)) for minutes in _MINUTES)]


def _delays_or_usual() -> list[tuple[str, str]]:
    return [(addresses.USUAL, "As usual"), *_delays()]


def _after(minutes: int) -> str:
    return f"After {minutes} min" if minutes else "At once"


class AddressForm(Form):
    """One more address."""

    kind = SelectField("Kind", choices=KINDS, validate_choice=False)
    value = StringField("Address")
    label = StringField("Name")
    high = SelectField("For P1 and P2", choices=_delays, default="0", validate_choice=False)
    low = SelectField("For P3 and P4", choices=_delays_or_usual, default=addresses.USUAL, validate_choice=False)


class QuietForm(Form):
    """When what is not urgent waits."""

    quiet_from = StringField("From")
    quiet_until = StringField("Until")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One address as the page shows it."""

    way: Way
    number: int
    name: str
    kind: str
    icon: str
    value: str
    test: OutboxMessage | None
    delays: dict[str, int | None]  # by urgency

    @property
    def is_tried(self) -> bool:
        """Whether what keeps it from working is its own refusal, which its owner may lift."""
        return bool(self.way.why_not) and not ways.closed(self.way.channel)


@bp.get("")
@may(Role.VIEWER)
def page() -> ResponseReturnValue:
    """Everything on one page."""
    return show(_PAGE, None, **_facts())


@bp.post("")
@may(Role.VIEWER)
def add() -> ResponseReturnValue:
    """Add an address; the secret of a webhook is shown in this answer and never again."""
    form = AddressForm()
    try:
        added = addresses.add_address(
            me(),
            kind=form.kind.data or "",
            value=form.value.data or "",
            label=form.label.data or "",
            high=_minutes(form.high.data, "high"),
            low=addresses.USUAL if form.low.data == addresses.USUAL else _minutes(form.low.data, "low"),
            by=actor(),
        )
    except Refusal as refusal:
        db.session.rollback()
        return refused(_PAGE, form, refusal, **_facts(adding=form))
    secret = added.secret
    db.session.commit()
    if secret:
        return show(_PAGE, None, status=201, **_facts(secret=secret))
    return _done(f"{added.label} is added. Send a test to see that it works.")


@bp.post("/order")
@may(Role.VIEWER)
def order() -> ResponseReturnValue:
    """Choose when each address is used."""
    form = AddressForm(formdata=None)
    try:
        addresses.choose_delays(me(), {urgency: _chosen(urgency) for urgency in URGENCIES}, by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return refused(_PAGE, form, refusal, **_facts(adding=form))
    db.session.commit()
    return _done("The order is saved.")


@bp.post("/quiet-hours")
@may(Role.VIEWER)
def quiet_hours() -> ResponseReturnValue:
    """Choose when what is not urgent waits."""
    form = QuietForm()
    try:
        addresses.choose_quiet_hours(me(), form.quiet_from.data or "", form.quiet_until.data or "", by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return refused(_PAGE, form, refusal, **_facts(quiet=form))
    db.session.commit()
    return _done("Your quiet hours are saved." if me().quiet_from else "There are no quiet hours.")


@bp.post("/test")
@may(Role.VIEWER)
def test_all() -> ResponseReturnValue:
    """Test my pager: a message to every address."""
    return _test(None)


@bp.post("/<int:number>/test")
@may(Role.VIEWER)
def test_one(number: int) -> ResponseReturnValue:
    """A message to one address."""
    return _test(number)


@bp.post("/<int:number>/secret")
@may(Role.VIEWER)
def secret(number: int) -> ResponseReturnValue:
    """A new secret for a webhook, shown in this answer and never again; the old one signs besides for a day."""
    address = _address(number)
    try:
        value = addresses.rotate_secret(me(), address, by=actor())
    except Refusal as refusal:
        form = AddressForm(formdata=None)
        return refused(_PAGE, form, refusal, **_facts(adding=form))
    db.session.commit()
    return show(_PAGE, None, status=201, **_facts(secret=value, old_secrets=len(address.old_secrets(clock.now()))))


@bp.post("/<int:number>/removed")
@may(Role.VIEWER)
def remove(number: int) -> ResponseReturnValue:
    """Use an address no more."""
    address = _address(number)
    label, is_slack = address.label, address.kind == ways.SLACK
    addresses.remove_address(me(), address, by=actor())
    db.session.commit()
    return _done(
        "Slack is unlinked. What you do there no longer counts as yours." if is_slack else f"{label} is removed."
    )


@bp.post("/<int:number>/retry")
@may(Role.VIEWER)
def try_again(number: int) -> ResponseReturnValue:
    """Write again to an address that refused everything."""
    way = _way(number)
    begun = addresses.try_again(me(), way, by=actor())
    db.session.commit()
    return _done("It is tried again with the next message." if begun else "Nothing kept it from being used.")


def _test(number: int | None) -> ResponseReturnValue:
    person_id, email = me().id, me().email
    db.session.rollback()
    try:
        throttle.admit(_TESTING, account=email, address=visitor.address())
    except Refusal as refusal:
        form = AddressForm(formdata=None)
        return refused(_PAGE, form, refusal, **_facts(adding=form))
    person = db.session.get_one(Person, person_id)
    chosen = Ways([person]).all_of(person) if number is None else [_way(number)]
    sent = addresses.send_tests(person, chosen)
    db.session.commit()
    words = "A test is on its way." if sent == 1 else f"{sent} tests are on their way."
    return _done(f"{words} What became of it appears here.")


def _done(sentence: str) -> ResponseReturnValue:
    flash(sentence)
    return redirect(_ADDRESS, 303)


def _address(number: int) -> ContactAddress:
    address = addresses.find_address(me(), number)
    if address is None:
        abort(404)
    return address


def _way(number: int) -> Way:
    found = {_number(way): way for way in Ways([me()]).all_of(me())}
    if number not in found:
        abort(404)
    return found[number]


def _number(way: Way) -> int:
    return way.address.id if way.address else _ACCOUNT


def _minutes(text: str | None, field: str) -> int | None:
    """``""`` for not used. Raises Malformed."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 4):
        raise Malformed({field: "Choose one of the list."})
    return int(text)


def _chosen(urgency: str) -> dict[int | None, int | None]:
    """What the form says of each address; ``high-12`` holds the minutes of address 12."""
    found: dict[int | None, int | None] = {}
    for name, text in request.form.items():
        begin, _dash, number = name.partition("-")
        if begin == urgency and number.isascii() and number.isdigit() and len(number) < 10:
            found[int(number) or None] = _minutes(text, name)
    return found


def _facts(
    *, adding: Form | None = None, quiet: Form | None = None, secret: str = "", old_secrets: int = 0
) -> dict[str, Any]:
    person = me()
    known = Ways([person])
    lines = _lines(person, known)
    return {
        "adding": adding or AddressForm(formdata=None),
        "quiet": quiet or QuietForm(formdata=None, obj=person),
        "lines": lines,
        "waits": any(line.test is not None and line.test.state == outbox.WAITING for line in lines),
        "sentences": [_sentence(person, known, urgency) for urgency in URGENCIES],
        "urgencies": _URGENCY_WORDS,
        "delays_for": _delays_for,
        "secret": secret,
        "old_secrets": old_secrets,
        "me": person,
    }


def _lines(person: Person, known: Ways) -> list[Line]:
    all_ways = known.all_of(person)
    tests = ways.last_tests(person, all_ways)
    chosen = {
        urgency: {_number(way): int(way.after.total_seconds()) // 60 for way in known.chosen_by(person, urgency)}
        for urgency in URGENCIES
    }
    return [
        Line(
            way=way,
            number=_number(way),
            name=way.address.label if way.address else "Account e-mail",
            kind=KINDS[way.channel],
            icon=_ICONS[way.channel],
            value=address_values.masked(way.channel, way.value),
            test=tests.get(ways.test_event(person, way) or ""),
            delays={urgency: chosen[urgency].get(_number(way)) for urgency in URGENCIES},
        )
        for way in all_ways
    ]


def _delays_for(minutes: int | None) -> list[tuple[str, str]]:
    """The choices, and the one that holds where a program chose something else."""
    known = _delays()
    if minutes is None or minutes in _MINUTES:
        return known
    return [*known, (str(minutes), _after(minutes))]


# ---- what would happen now ----


def _sentence(person: Person, known: Ways, urgency: str) -> str:
    """``For a P1 or P2 you get e-mail at once, and Phone after 3 min.``"""
    whom = f"For a {_URGENCY_WORDS[urgency].replace('and', 'or')}"
    usable = [way for way in known.used_for(person, urgency) if not way.why_not]
    if not usable:
        return f"{whom} nothing reaches you: no address of yours works at present."
    now = clock.now()
    alike = Counter((_called(way), _when(person, way, urgency, now)) for way in usable)
    said = [f"{called}{f' ({times} addresses)' if times > 1 else ''} {when}" for (called, when), times in alike.items()]
    return f"{whom} you get {_listed(said)}."


def _called(way: Way) -> str:
    return way.address.label if way.address else "e-mail"


def _when(person: Person, way: Way, urgency: str, now: datetime) -> str:
    due_at = reach.not_before(person, way, urgency=urgency, now=now)
    if due_at > now + way.after:
        return f"at {clock_time(due_at, person.zone)}, when your quiet hours end"
    return f"after {durations.duration(way.after)}" if way.after > timedelta(0) else "at once"


def _listed(said: list[str]) -> str:
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])}, and {said[-1]}"
