"""Status page, what was told: each notice to subscribers with how many got it, how many did not, and why.

Counts are for every responder; addresses are for admins.
"""

from __future__ import annotations

import re

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, or_, select
from werkzeug.exceptions import NotFound

from ..access import Role, actor, may, me
from ..access.visibility import visible_to
from ..actions import audit
from ..kernel import outbox
from ..kernel.database import db
from ..kernel.outbox import OutboxMessage
from ..published.notices import Notice
from ..records.incidents import Incident
from ..reports import public_tellings
from ..reports.deliveries import STATES
from .forms import show

bp = Blueprint("console_public_notices", __name__, url_prefix="/console/status-page/notices")

LIST = "/console/status-page/notices"
_PAGE = 50
_ROWS = 100
_NUMBER = re.compile(r"[1-9]\d{0,8}")


@bp.get("")
@may(Role.RESPONDER)
def page() -> ResponseReturnValue:
    """The newest notices."""
    before = _number("before")
    wanted = _visible()
    if before is not None:
        wanted = wanted.where(Notice.id < before)
    found = db.session.scalars(wanted.order_by(Notice.id.desc()).limit(_PAGE + 1)).all()
    return show(
        "console/subscribers/notices.html",
        told=public_tellings.counted(found[:_PAGE]),
        older=found[_PAGE - 1].id if len(found) > _PAGE else None,
    )


@bp.get("/<int:notice_id>")
@may(Role.RESPONDER)
def one(notice_id: int) -> ResponseReturnValue:
    """One notice; for admins with everybody who got it, or did not."""
    notice = _notice(notice_id)
    state = request.args.get("state", "")
    state = state if state in (*STATES, public_tellings.NOT_TOLD) else ""
    lines, is_admin = [], me().may(Role.ADMIN)
    if is_admin:
        before = _number("before")
        lines = (
            public_tellings.left_out_of(notice, before=before, limit=_ROWS)
            if state == public_tellings.NOT_TOLD
            else public_tellings.written_to(notice, state=state, before=before, limit=_ROWS)
        )
    last = lines[_ROWS - 1] if len(lines) > _ROWS else None
    return show(
        "console/subscribers/notice.html",
        counts=public_tellings.counted([notice])[0],
        is_admin=is_admin,
        state=state,
        states=STATES,
        not_told=public_tellings.NOT_TOLD,
        lines=lines[:_ROWS],
        older=(last.message.id if last.message else last.subscriber.id if last.subscriber else None) if last else None,
    )


@bp.post("/<int:notice_id>/retry")
@may(Role.ADMIN)
def retry(notice_id: int) -> ResponseReturnValue:
    """Begin again with every message of this notice that failed."""
    notice = _notice(notice_id)
    begun = outbox.retry_all(OutboxMessage.event == notice.key, OutboxMessage.state == outbox.FAILED)
    audit.note("deliveries retried", by=actor(), subject=notice.key, after=begun)
    db.session.commit()
    flash(f"{begun} {'message goes' if begun == 1 else 'messages go'} out at the next turn of the clock")
    return redirect(f"{LIST}/{notice_id}", 303)


def _notice(notice_id: int) -> Notice:
    found = db.session.scalar(_visible().where(Notice.id == notice_id)) if notice_id < 2**31 else None
    if found is None:
        raise NotFound
    return found


def _visible() -> Select[Notice]:
    """What is about maintenance and components, and about incidents that the person may see."""
    seen = select(Incident.id).where(visible_to(me()))
    return select(Notice).where(or_(Notice.incident_id.is_(None), Notice.incident_id.in_(seen)))


def _number(name: str) -> int | None:
    typed = request.args.get(name, "")
    return int(typed) if _NUMBER.fullmatch(typed) else None
