"""The pinned notice: a text on top of the status page that is no incident, with its true preview and its times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from wtforms import StringField, TextAreaField

from ..access import Role, actor, may, me
from ..actions import status_page
from ..kernel import clock
from ..kernel.database import db, reading
from ..kernel.errors import Refusal
from ..kernel.text import render_markdown
from ..published.pinned import PinnedNotice, pinned_notice
from .formats import local_input
from .forms import Form, refused, show
from .incident_pages import time_of

bp = Blueprint("console_pinned_notice", __name__, url_prefix="/console/status-page/notice")

_PAGE = "console/settings/notice.html"
_LEVELS = (("info", "Notice"), ("warn", "Warning"))
_EXTENSION = "sevenbells.notice_preview"


class NoticeForm(Form):
    """The words, how they look, and from when until when they stand there."""

    body = TextAreaField("Text")
    level = StringField("Level")
    from_at = StringField("From")
    until_at = StringField("Until")


@bp.get("")
@may(Role.RESPONDER)
def page() -> ResponseReturnValue:
    """The notice as it is, or an empty form."""
    notice = pinned_notice()
    return show(_PAGE, _form_now(notice), **_around(notice, notice.body if notice else "", _level_of(notice)))


@bp.post("")
@may(Role.RESPONDER)
def act() -> ResponseReturnValue:
    """Pin it in the place of the one before, take it off, or look at it."""
    form, wanted = NoticeForm(), request.form.get("act", "")
    if wanted == "preview":
        db.session.rollback()
        with reading():
            return show(_PAGE, form, **_around(pinned_notice(), form.body.data or "", form.level.data or ""))
    try:
        if wanted == "unpin":
            status_page.unpin_notice(by=actor(), is_admin=me().may(Role.ADMIN))
        else:
            status_page.pin_notice(
                by=actor(),
                is_admin=me().may(Role.ADMIN),
                body=form.body.data or "",
                level=form.level.data or "info",
                from_at=time_of("from_at"),
                until_at=time_of("until_at"),
            )
    except Refusal as refusal:
        db.session.rollback()
        kept = pinned_notice()
        return refused(_PAGE, form, refusal, **_around(kept, form.body.data or "", form.level.data or ""))
    db.session.commit()
    flash("The page no longer shows it." if wanted == "unpin" else _said())
    return redirect("/console/status-page/notice", 303)


@bp.post("/preview")
@may(Role.RESPONDER)
def preview() -> ResponseReturnValue:
    """What the public would see of it, as somebody types; nothing is recorded."""
    drawn = _drawn(request.form.get("body", ""), request.form.get("level", ""))
    return render_template("console/settings/_notice_preview.html", drawn=drawn)


def _said() -> str:
    notice = pinned_notice()
    waits = notice is not None and notice.from_at > clock.now()
    return "Saved. The page shows it from its time on." if waits else "Saved. The page shows it now."


def _form_now(notice: PinnedNotice | None) -> NoticeForm:
    return NoticeForm(
        formdata=None,
        body=notice.body if notice else "",
        level=_level_of(notice),
        from_at=local_input(notice.from_at) if notice else "",
        until_at=local_input(notice.until_at) if notice else "",
    )


def _level_of(notice: PinnedNotice | None) -> str:
    return notice.level if notice else "info"


def _around(notice: PinnedNotice | None, body: str, level: str) -> dict[str, Any]:
    now = clock.now()
    return {
        "notice": notice,
        "levels": _LEVELS,
        "stands": notice is not None and notice.from_at <= now and (notice.until_at is None or now < notice.until_at),
        "is_over": notice is not None and notice.until_at is not None and notice.until_at <= now,
        "drawn": _drawn(body, level),
    }


def _drawn(body: str, level: str) -> Markup | None:
    draw: Callable[..., Markup] | None = current_app.extensions.get(_EXTENSION)
    if draw is None or not body.strip():
        return None
    return draw(body_html=str(render_markdown(body)), level="warn" if level == "warn" else "info")
