"""The page that says to Slack who one is here: opened signed in, from a link that Slack showed to that user alone."""

from __future__ import annotations

from flask import Blueprint, flash, redirect
from flask.typing import ResponseReturnValue

from ..access import Role, may, me, slack_links
from ..access.slack_links import SlackLink
from ..actions import slack_people
from ..kernel.database import db
from ..kernel.errors import Refusal
from ..records.slack_users import slack_user
from .forms import show

bp = Blueprint("console_slack_link", __name__, url_prefix="/console/me/slack")

_PAGE = "console/slack_link.html"
_AFTERWARDS = "/console/me/notifications"
_NOT_OURS = "Copy the whole link from Slack, or ask for a new one there."
_EXPIRED = "It is older than 15 minutes. Write /incident help in Slack for a new one."


@bp.get("/<token>")
@may(Role.VIEWER)
def page(token: str) -> ResponseReturnValue:
    """Which Slack user becomes whom, and the button; it never acts."""
    found = slack_links.read(token)
    if found is None:
        return _refusal(_NOT_OURS, 404)
    if slack_people.is_linked(found, me()):
        flash("This Slack user is linked with your account.")
        return redirect(_AFTERWARDS, 303)
    if found.is_expired:
        return _refusal(_EXPIRED, 410)
    why_not = slack_people.why_not_linked(found, me())
    if why_not:
        return _refusal(why_not, 409)
    return show(_PAGE, None, found=found, name=_name_of(found), me=me(), problem="")


@bp.post("/<token>")
@may(Role.VIEWER)
def link(token: str) -> ResponseReturnValue:
    """From now on this Slack user is the person who is signed in; the second time it only says so."""
    found = slack_links.read(token)
    if found is None:
        return _refusal(_NOT_OURS, 404)
    try:
        slack_people.link(found, me())
    except Refusal as refusal:
        db.session.rollback()
        return _refusal(refusal.sentence, 410 if found.is_expired else refusal.status)
    db.session.commit()
    flash("Slack is linked. What you do there, you do as yourself.")
    return redirect(_AFTERWARDS, 303)


def _refusal(sentence: str, status: int) -> ResponseReturnValue:
    return show(_PAGE, None, status=status, found=None, problem=sentence, me=me())


def _name_of(found: SlackLink) -> str:
    """As Slack shows that user, where Slack has said so."""
    known = slack_user(found.team_id, found.user_id)
    return known.name if known is not None else ""
