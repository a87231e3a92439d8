"""Status page, subscribers: who is told, who is not and why; added, removed, tried and let back by hand."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from wtforms import BooleanField, SelectField, SelectMultipleField, StringField

from ..access import Role, actor, may
from ..actions import subscribers as actions
from ..kernel.database import db
from ..kernel.errors import NotAllowed, Refusal
from ..published import subscribers
from ..published.components import all_components
from ..published.subscribers import EMAIL, WEBHOOK, Choice, Subscriber, pasts
from ..reports import public_tellings
from .forms import Form, refused, show

bp = Blueprint("console_subscribers", __name__, url_prefix="/console/status-page/subscribers")

LIST = "/console/status-page/subscribers"
_PAGE = 100
_LOG = 10  # a phone's screen or two
_NEWEST_CHANGES = 5  # the others are behind a press
_NUMBER = re.compile(r"[1-9]\d{0,8}")
_STATES = {"": "All", "confirmed": "Told", "unconfirmed": "Not confirmed", "quarantined": "Quarantined"}
_KINDS = {"": "E-mail and webhooks", EMAIL: "E-mail", WEBHOOK: "Webhooks"}


class EmailForm(Form):
    """An address, and what it hears of."""

    email = StringField("E-mail")
    components = SelectMultipleField("Components", choices=[], validate_choice=False)
    maintenance = BooleanField("Maintenance too", default=True)
    confirmed = BooleanField("Its owner agreed")


class WebhookForm(Form):
    """An address of a program, and in which shape it reads."""

    url = StringField("Address")
    shape = SelectField(
        "Shape", choices={"standard": "Standard Webhooks", "statuspage": "Statuspage"}, default="standard"
    )


@bp.get("")
@may(Role.ADMIN)
def page() -> ResponseReturnValue:
    """The list, the newest first, narrowed as asked."""
    typed = _typed()
    wanted = subscribers.wanted(kind=typed["kind"], state=typed["state"], words=typed["q"])
    before = _number(request.args.get("before", ""))
    if before is not None:
        wanted = wanted.where(Subscriber.id < before)
    found = db.session.scalars(wanted.order_by(Subscriber.id.desc()).limit(_PAGE + 1)).all()
    counts = subscribers.counts()
    return show(
        "console/subscribers/list.html",
        typed=typed,
        tabs=[(word, _address({**typed, "state": state}), state, counts[state]) for state, word in _STATES.items()],
        kinds=[*_KINDS.items()],
        rows=found[:_PAGE],
        names=_names(),
        older=_address({**typed, "before": str(found[_PAGE - 1].id)}) if len(found) > _PAGE else None,
        told=public_tellings.counted(public_tellings.newest(limit=5)),
    )


@bp.get("/new")
@may(Role.ADMIN)
def ask() -> ResponseReturnValue:
    """The forms for an address and for a webhook."""
    form = EmailForm()
    return show(_NEW, form, **_new(email=form))


@bp.post("")
@may(Role.ADMIN)
def add() -> ResponseReturnValue:
    """Put an address on the list; without its owner's word it is asked first."""
    form = EmailForm()
    chosen = tuple(request.form.getlist("components")) or None
    choice = Choice(components=chosen, maintenance=form.maintenance.data)
    try:
        subscriber, is_new = actions.add_email(
            form.email.data or "", choice, is_confirmed=form.confirmed.data, by=actor()
        )
    except Refusal as refusal:
        db.session.rollback()
        return refused(_NEW, form, refusal, **_new(email=form))
    way = redirect(f"{LIST}/{subscriber.public_id}", 303)
    db.session.commit()
    flash("Added" if is_new else "This address is on the list already")
    return way


@bp.post("/webhooks")
@may(Role.ADMIN)
def add_webhook() -> ResponseReturnValue:
    """Put a webhook on the list; its secret is shown in this answer and never again."""
    form = WebhookForm()
    try:
        subscriber = actions.add_webhook(form.url.data or "", Choice(), shape=form.shape.data or "standard", by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return refused(_NEW, form, refusal, **_new(webhook=form))
    secret, public_id = subscriber.secret, subscriber.public_id
    db.session.commit()
    return show(_ONE, status=201, **_one(_subscriber(public_id)), secret=secret)


@bp.get("/<public_id>")
@may(Role.ADMIN)
def one(public_id: str) -> ResponseReturnValue:
    """One subscriber: what it hears of, and what it was told or why not."""
    return show(_ONE, **_one(_subscriber(public_id)), secret=None)


@bp.post("/<public_id>/removal")
@may(Role.ADMIN)
def remove(public_id: str) -> ResponseReturnValue:
    """Take it off the list."""
    actions.remove(_subscriber(public_id), by=actor())
    db.session.commit()
    flash("Removed. Nothing more goes there")
    return redirect(LIST, 303)


@bp.post("/<public_id>/lifted")
@may(Role.ADMIN)
def lift(public_id: str) -> ResponseReturnValue:
    """End its quarantine."""
    actions.lift_quarantine(_subscriber(public_id), by=actor())
    db.session.commit()
    flash("It is told again, beginning with the next update")
    return redirect(f"{LIST}/{public_id}", 303)


@bp.post("/<public_id>/test")
@may(Role.ADMIN)
def test(public_id: str) -> ResponseReturnValue:
    """Send it a message that says that nothing has happened."""
    try:
        actions.send_test(_subscriber(public_id), by=actor())
    except NotAllowed as refusal:
        db.session.rollback()
        flash(refusal.sentence)
        return redirect(f"{LIST}/{public_id}", 303)
    db.session.commit()
    flash("A test is on its way")
    return redirect(f"{LIST}/{public_id}", 303)


_NEW, _ONE = "console/subscribers/new.html", "console/subscribers/one.html"


def _new(*, email: EmailForm | None = None, webhook: WebhookForm | None = None) -> dict[str, Any]:
    return {
        "email": email or EmailForm(formdata=None),
        "webhook": webhook or WebhookForm(formdata=None),
        "choices": all_components(),
        "chosen": request.form.getlist("components"),
    }


def _one(subscriber: Subscriber) -> dict[str, Any]:
    before = _number(request.args.get("before", ""))
    lines = public_tellings.of_subscriber(subscriber, before=before, limit=_LOG)
    return {
        "subscriber": subscriber,
        "names": _names(),
        "changes": [*reversed(pasts.pasts_of(subscriber))],
        "newest_changes": _NEWEST_CHANGES,
        "is_older": before is not None,
        "lines": lines[:_LOG],
        "older": lines[_LOG - 1].notice.id if len(lines) > _LOG else None,
        "kinds": public_tellings.KINDS,
    }


def _subscriber(public_id: str) -> Subscriber:
    found = subscribers.find(public_id)
    if found is None:
        raise NotFound
    return found


def _typed() -> dict[str, str]:
    """What the address asks for; unknown words ask for nothing."""
    typed = {
        name: " ".join(request.args.get(name, "").replace("\x00", "").split())[:200] for name in ("q", "kind", "state")
    }
    typed["kind"] = typed["kind"] if typed["kind"] in _KINDS else ""
    typed["state"] = typed["state"] if typed["state"] in _STATES else ""
    return typed


def _address(typed: dict[str, str]) -> str:
    query = urlencode({name: value for name, value in typed.items() if value})
    return f"{LIST}?{query}" if query else LIST


def _number(typed: str) -> int | None:
    return int(typed) if _NUMBER.fullmatch(typed) else None


def _names() -> dict[str, str]:
    return {each.public_id: each.name for each in all_components(archived=None)}
