"""Settings, e-mail: what the operator set, a test to oneself, and what was not delivered."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, abort, current_app, flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from ..access import Role, actor, may, me
from ..actions import trial_mail
from ..kernel import outbox
from ..kernel.database import db
from ..kernel.outbox import OutboxMessage
from ..kernel.settings import Settings
from . import mail_state
from .forms import show

bp = Blueprint("console_mail", __name__, url_prefix="/console/settings/mail")


@bp.get("")
@may(Role.ADMIN)
def page() -> ResponseReturnValue:
    """The mail server as it is set, and the last tests."""
    return show("console/settings_mail.html", **_facts())


@bp.post("")
@may(Role.ADMIN)
def send_test() -> ResponseReturnValue:
    """Send oneself a test."""
    trial_mail.send_trial(me(), by=actor())
    db.session.commit()
    flash(f"A test mail to {me().email} is on its way.")
    return redirect("/console/settings/mail", 303)


@bp.post("/<int:message_id>")
@may(Role.ADMIN)
def send_again(message_id: int) -> ResponseReturnValue:
    """Begin again with a message that was given up."""
    if message_id not in {message.id for message in mail_state.failed_messages(me())}:
        abort(404)
    outbox.retry(message_id)
    db.session.commit()
    flash("The message is on its way again.")
    return redirect("/console/settings/mail", 303)


def _facts() -> dict[str, Any]:
    settings: Settings = current_app.extensions["sevenbells.settings"]
    # never the user and password that stand in the same address
    server = urlsplit(settings.smtp_url).hostname if settings.smtp_url else None
    trials = select(OutboxMessage).where(OutboxMessage.event.startswith(trial_mail.EVENT))
    latest = db.session.scalars(trials.order_by(OutboxMessage.id.desc()).limit(5)).all()
    return {
        "server": server,
        "sender": settings.mail_from,
        "trials": latest,
        "email": me().email,
        "waiting": mail_state.waiting_count(),
        "failed": mail_state.failed_messages(me()),
        "paused": outbox.paused(),
    }
