"""A form's filling acts once: sent again after an answer that was lost, it leads where it led the first time.

The script that sends forms gives each filling a key; a form sent without script has none, and is guarded by what
``acts.repeats`` knows of it.
"""

from __future__ import annotations

import re

from flask import Flask, Response, g, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from ..access import signed_in
from ..kernel.database import db
from ..kernel.requests import is_reading
from ..records.once import SentForm

HEADER = "X-Once"  # sent by the script, which then is told where to go instead of being taken there
GOES_TO = "X-Goes-To"
_KEY = re.compile(r"[A-Za-z0-9-]{16,64}")


def init_app(app: Flask) -> None:
    """Stand behind the guard and the check for forgery, before every form of the console."""
    app.before_request(_recall)
    app.after_request(_remember)


def _recall() -> ResponseReturnValue | None:
    """Answer what was acted on before; else take the key, in the transaction that is about to act."""
    key = _key()
    found = signed_in() if key else None
    if key is None or found is None:
        return None
    known = _sent(found.person.id, key)
    if known is None:
        taken = SentForm(person_id=found.person.id, key=key, path=request.path[:500])
        try:
            with db.session.begin_nested():
                db.session.add(taken)
        except IntegrityError:
            known = _sent(found.person.id, key)
        else:
            g.sent_form = (found.person.id, key)
            return None
    return redirect((known.location if known else "") or _nearest(), 303)


def _remember(response: Response) -> Response:
    """Keep where it led, and tell the script so."""
    if not request.path.startswith("/console/") or is_reading():
        return response
    location = response.headers.get("Location", "")
    taken = g.pop("sent_form", None)
    if taken is not None and location and 300 <= response.status_code < 400:
        person_id, key = taken
        mine = (SentForm.person_id == person_id, SentForm.key == key)
        db.session.execute(update(SentForm).where(*mine).values(location=location[:1000]))
        db.session.commit()
    if request.headers.get(HEADER) and location and 300 <= response.status_code < 400:
        told = Response(status=204)
        told.headers[GOES_TO] = location
        for cookie in response.headers.getlist("Set-Cookie"):
            told.headers.add("Set-Cookie", cookie)
        return told
    return response


def _key() -> str | None:
    if is_reading() or not request.path.startswith("/console/"):
        return None
    given = request.headers.get(HEADER) or request.form.get("once", "")
    return given if _KEY.fullmatch(given) else None


def _sent(person_id: int, key: str) -> SentForm | None:
    return db.session.scalar(select(SentForm).where(SentForm.person_id == person_id, SentForm.key == key))


def _nearest() -> str:
    """Where a form leads whose end is not known: the room, or the form's own page."""
    room = re.match(r"/console/incidents/INC-\d+", request.path)
    return room[0] if room else "/console/"
