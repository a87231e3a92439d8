"""Asks Slack which workspace is ours, and who somebody is that wrote to us: never while anybody there waits for an answer.

What is due stands in rows, and no transaction is open while the network is.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from flask import current_app

from ..access.secrets import digest
from ..actions import slack_people
from ..channels import Outcome, slack_questions
from ..channels.slack_questions import Profile
from ..kernel import clock
from ..kernel.database import db, reading
from ..kernel.settings import Settings
from ..records.slack_users import SlackUser, keep_workspace, users_to_ask_about, workspace
from . import holding

MOST_AT_ONCE = 20  # users.info is asked 100 times a minute at most: https://docs.slack.dev/apis/web-api/rate-limits
_KNOWN_FOR = timedelta(days=1)

log = structlog.get_logger(__name__)


def learn_our_workspace() -> None:
    """Which it is, by the token that is set; asked again when the token is another, and once a day. It commits."""
    settings = _settings()
    if not settings.slack_bot_token:
        return
    mark = digest(settings.slack_bot_token)
    with reading():
        db.session.rollback()
        known = workspace()
        is_known = (
            known is not None
            and known.token_hash == mark
            and known.bot_user_id is not None
            and clock.now() < known.learnt_at + _KNOWN_FOR
        )
        db.session.rollback()
    found = None if is_known else slack_questions.installation(settings)
    if isinstance(found, Outcome):
        log.warning("slack_workspace_not_learnt", reason=found.reason)
    elif found is not None and found.team_id:
        keep_workspace(found.team_id, found.team, token_hash=mark, bot_user_id=found.user_id)
        db.session.commit()


def find_out_who_wrote() -> None:
    """Everybody who wrote without being known, once each; it commits after each."""
    settings = _settings()
    if not settings.slack_bot_token:
        return
    with reading():
        db.session.rollback()
        due = [(each.id, each.user_id) for each in users_to_ask_about(MOST_AT_ONCE)]
        db.session.rollback()
    for row_id, user_id in due:
        if not holding.may_still_act() or not _find_out(row_id, user_id, settings):
            return


def _find_out(row_id: int, user_id: str, settings: Settings) -> bool:
    """Ask about one; False where Slack cannot be asked about others either."""
    found = slack_questions.who_is(user_id, settings)
    row = db.session.get(SlackUser, row_id)
    if row is None:
        db.session.rollback()
        return True
    if isinstance(found, Profile):
        row.settle(found.name, found.why_not or _match(row, found))
    elif found.kind == "refused":
        row.settle("", found.reason)
    else:
        row.put_off(found.reason, wait=found.retry_after)
    db.session.commit()
    return isinstance(found, Profile) or found.kind == "refused"


def _match(row: SlackUser, found: Profile) -> str:
    if row.team_id not in found.teams:
        return slack_people.OTHER_WORKSPACE
    if not found.email:
        return "Slack names no e-mail of this user."
    return slack_people.match(row.team_id, row.user_id, found.email)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["sevenbells.settings"]
    return settings
