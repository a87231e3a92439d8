"""Status page, subscribers: a list from elsewhere taken in, ours written down, and an address erased."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, flash, redirect, request
from flask.typing import ResponseReturnValue
from wtforms import StringField, TextAreaField

from ..access import Role, actor, may
from ..actions import erasure, subscriber_files
from ..actions.subscriber_files import Reading
from ..kernel.database import db
from ..kernel.errors import Malformed, Refusal
from ..kernel.settings import Settings
from . import csv_files
from .forms import Form, refused, show

bp = Blueprint("console_subscriber_files", __name__, url_prefix="/console/status-page")

_LIST = "/console/status-page/subscribers"
_IMPORT = "console/subscribers/import.html"
_ERASURE = "console/subscribers/erasure.html"
_LARGEST = 2_000_000  # bytes; the form carries the text once more between the two steps
_LARGEST_BODY = 8_000_000
_MOST_SHOWN = 200  # problems


class ListForm(Form):
    """A list as text, and whose word it is that they agreed."""

    text = TextAreaField("Or paste the list here")
    agreed = StringField("Did they agree?")  # yes, or ask


class ErasureForm(Form):
    """An address."""

    email = StringField("E-mail")


def init_app(app: Flask, settings: Settings) -> None:
    """Let a list be larger than other forms, before anybody reads the form."""

    def let_list_in() -> None:
        if request.endpoint == "console_subscriber_files.take_in":
            request.max_content_length = _LARGEST_BODY
            request.max_form_memory_size = _LARGEST_BODY

    app.before_request_funcs.setdefault(None, []).insert(0, let_list_in)


@bp.get("/subscribers/import")
@may(Role.ADMIN)
def ask() -> ResponseReturnValue:
    """Choose a file."""
    return show(_IMPORT, ListForm(formdata=None), **_first_step())


@bp.post("/subscribers/import")
@may(Role.ADMIN)
def take_in() -> ResponseReturnValue:
    """First what the file says, line by line; then, with one more press, on to the list."""
    form = ListForm()
    try:
        content = _uploaded() or form.text.data or ""
        reading = subscriber_files.read_list(content)
        if request.form.get("act") != "import" or not reading.entries:
            return show(_IMPORT, form, **_second_step(reading, content))
        done = subscriber_files.take_in(reading, is_confirmed=form.agreed.data == "yes", by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return refused(_IMPORT, form, refusal, **_first_step())
    db.session.commit()
    asked = " Each of them is asked to confirm." if done.new and form.agreed.data != "yes" else ""
    flash(f"{done.new:,} new on the list, {len(reading.entries) - done.new:,} were there already.{asked}")
    return redirect(_LIST, 303)


@bp.get("/subscribers.csv")
@may(Role.ADMIN)
def export() -> Response:
    """Everybody on the list, as a file."""
    return csv_files.stream("subscribers.csv", subscriber_files.write_list())


@bp.get("/subscribers/erasure")
@may(Role.ADMIN)
def ask_to_erase() -> ResponseReturnValue:
    """Which address?"""
    return show(_ERASURE, ErasureForm(formdata=None))


@bp.post("/subscribers/erasure")
@may(Role.ADMIN)
def erase() -> ResponseReturnValue:
    """Whatever is known of it, also of one that has left."""
    form = ErasureForm()
    try:
        erased = erasure.erase_address(form.email.data or "", by=actor())
    except Refusal as refusal:
        db.session.rollback()
        return refused(_ERASURE, form, refusal)
    db.session.commit()
    flash("The address is erased, from the list and from the log." if erased else "Nothing was known of this address.")
    return redirect(_LIST, 303)


def _first_step() -> dict[str, Any]:
    return {"reading": None, "content": "", "problems": (), "more_problems": 0}


def _second_step(reading: Reading, content: str) -> dict[str, Any]:
    return {
        "reading": reading,
        "content": content,
        "problems": reading.problems[:_MOST_SHOWN],
        "more_problems": max(0, len(reading.problems) - _MOST_SHOWN),
    }


def _uploaded() -> str:
    """The file's text; empty where none was chosen. Raises Malformed."""
    file = request.files.get("file")
    sent = file.read(_LARGEST + 1) if file else b""
    if len(sent) > _LARGEST:
        raise Malformed(
            {
                "file": "Choose a file of at most 2 MB. Split a larger one: whoever is on the list already stays as they are."
            }
        )
    try:
        return sent.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Malformed({"file": "Save the file as UTF-8 first."}) from None
