"""What an incident's channel owes, from its making to its archiving, step by step; after a crash the next turn goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import select

from ..actions import incident_channel
from ..channels import slack_rooms
from ..channels.slack_asking import Refused
from ..channels.slack_rooms import Room
from ..kernel import clock, outbox
from ..kernel.database import db, reading
from ..kernel.outbox import OutboxMessage
from ..policy.channel_names import another_name
from ..records.incident_channels import IncidentChannel
from ..records.incidents import Incident
from . import channel_contents
from .channel_turn import ARCHIVED, GONE, PUT_OUT, Turn

_MOST_NAMES = 9  # tried before somebody has to look
_LOOKED_AFTER = timedelta(minutes=5)
_LAST_WORDS, _LOOK_FOR_THEM_AFTER = timedelta(minutes=10), timedelta(seconds=10)
_NO_NAME_LEFT: Final = "Slack has channels of all the names that this one could have"
_NOTHING_MADE: Final = "Slack answered without saying which channel it made"
_NOT_A_MEMBER: Final = "The app is not in the channel any more: write /invite @sevenbells there"


def take(turn: Turn) -> None:
    """Do what the channel still owes, as far as it can be done now."""
    if turn.channel.left_at is not None:
        _leave(turn)
    elif turn.channel.archived_at is not None:
        _open_again(turn)
    elif turn.channel.channel_id is not None or turn.plan.is_open:
        _keep_current(turn)


def _keep_current(turn: Turn) -> None:
    steps = (
        _make,
        _look,
        _archive,
        channel_contents.topic,
        channel_contents.headline,
        channel_contents.pin,
        channel_contents.people,
        channel_contents.bookmarks,
        channel_contents.purpose,
    )
    for step in steps:
        if turn.is_stale():
            return
        step(turn)
        if turn.met(ARCHIVED, GONE):
            _face_what_became_of_it(turn)
        if turn.is_away or turn.met(PUT_OUT) or not turn.channel.is_open:
            return


# ---- made ----


def _make(turn: Turn) -> None:
    """The name is kept before it is asked for: after a crash the same one is found taken, by us."""
    if turn.channel.channel_id is not None:
        return
    if not turn.channel.name:
        turn.keep(name=turn.plan.name)
    for _ in range(_MOST_NAMES):
        made: Room | Refused | None = slack_rooms.make(
            turn.channel.name, turn.settings, is_private=turn.channel.is_private
        )
        if isinstance(made, Refused) and made.word == "name_taken":
            made = _adopted(turn)
        if made is not None:
            _keep_made(turn, made)
            return
        turn.keep(name=_next_name(turn))
    turn.went_wrong(Refused(word="name_taken", reason=_NO_NAME_LEFT, needs_somebody=True))


def _adopted(turn: Turn) -> Room | Refused | None:
    """The one of that name, where this app made it for this incident and died before saying so."""
    found = slack_rooms.find_ours(turn.channel.name, turn.settings)
    if not isinstance(found, Room):
        return found
    is_ours = found.purpose in ("", turn.plan.purpose) and found.is_private == turn.channel.is_private
    return found if is_ours and not _is_known(found.id) else None


def _is_known(channel_id: str) -> bool:
    with reading():
        db.session.rollback()
        known = db.session.scalar(select(IncidentChannel.id).where(IncidentChannel.channel_id == channel_id))
        db.session.rollback()
    return known is not None


def _next_name(turn: Turn) -> str:
    """With ``-2`` behind it, then ``-3`` …; the new one first where the incident was renamed meanwhile."""
    names = [turn.plan.name, *(another_name(turn.plan.name, times) for times in range(1, _MOST_NAMES))]
    place = names.index(turn.channel.name) + 1 if turn.channel.name in names else 0
    return names[place % _MOST_NAMES]


def _keep_made(turn: Turn, made: Room | Refused) -> None:
    if isinstance(made, Room) and not made.id:
        made = Refused(word="", reason=_NOTHING_MADE)
    if turn.went_wrong(made) or not isinstance(made, Room):
        return
    now, name = clock.now(), made.name or turn.channel.name
    turn.keep(lambda: _tell(turn, "made", name), channel_id=made.id, name=name, made_at=now, looked_at=now)


def _tell(turn: Turn, what: str, name: str = "") -> None:
    """On the timeline, in the transaction that keeps it."""
    incident = db.session.get_one(Incident, turn.plan.incident_id)
    incident_channel.tell_timeline(incident, what=what, name=name or turn.channel.name)


# ---- as it is in Slack ----


def _look(turn: Turn) -> None:
    """Somebody may have renamed it, archived it, or put the app out."""
    looked_at = turn.channel.looked_at
    if looked_at is not None and timedelta(0) <= clock.now() - looked_at < _LOOKED_AFTER:
        return
    found = slack_rooms.look(turn.id, turn.settings)
    if turn.went_wrong(found) or not isinstance(found, Room):
        return
    if found.is_archived:
        turn.went_wrong(Refused(word=ARCHIVED, reason=""))
    elif not found.is_member:
        turn.went_wrong(Refused(word=PUT_OUT, reason=_NOT_A_MEMBER, needs_somebody=True))
    else:
        turn.keep(looked_at=clock.now(), name=found.name or turn.channel.name)


def _face_what_became_of_it(turn: Turn) -> None:
    """Slack says that it is archived, or knows it no more: that is no trouble, but how it is now."""
    is_archived = turn.met(ARCHIVED)
    turn.troubles = [trouble for trouble in turn.troubles if trouble.word not in (ARCHIVED, GONE)]
    if is_archived:
        turn.keep(lambda: _tell(turn, "archived_there"), archived_at=clock.now(), stays_archived=True)
    else:
        turn.keep(lambda: _tell(turn, "gone"), gone_at=clock.now(), left_at=clock.now())


# ---- over ----


def _archive(turn: Turn) -> None:
    if not turn.plan.is_to_be_archived or turn.plan.archive_at is None:
        return
    if _is_still_spoken_to(turn) and clock.now() < turn.plan.archive_at + _LAST_WORDS:
        turn.again_after = _LOOK_FOR_THEM_AFTER
        return
    refused = slack_rooms.archive(turn.id, turn.settings)
    if refused is not None and refused.word == GONE and turn.channel.is_private:
        refused = None  # whoever archived it died before saying so: Slack then hides it from the app
    if not turn.went_wrong(refused):
        turn.keep(lambda: _tell(turn, "archived"), archived_at=clock.now(), stays_archived=False)


def _is_still_spoken_to(turn: Turn) -> bool:
    """Whether a message to it waits to be sent: nothing can be said or changed there afterwards."""
    waits = select(OutboxMessage.id).where(
        OutboxMessage.channel == "slack", OutboxMessage.destination == turn.id, OutboxMessage.state == outbox.WAITING
    )
    with reading():
        db.session.rollback()
        found = db.session.scalar(waits.limit(1))
        db.session.rollback()
    return found is not None


def _open_again(turn: Turn) -> None:
    """The incident was reopened, or somebody asked for it. Slack refuses that to most apps: then there is a new one."""
    if turn.channel.stays_archived or turn.plan.archive_at is not None:
        return
    refused = slack_rooms.unarchive(turn.id, turn.settings)
    if refused is None:
        turn.keep(lambda: _tell(turn, "opened"), archived_at=None, looked_at=clock.now())
        _keep_current(turn)
    elif refused.needs_somebody and not refused.is_away:
        turn.keep(lambda: _make_another(turn), left_at=clock.now())
    else:
        turn.went_wrong(refused)


def _make_another(turn: Turn) -> None:
    incident = db.session.get_one(Incident, turn.plan.incident_id)
    _tell(turn, "not_opened")
    incident_channel.wish_for(incident)


# ---- left ----


def _leave(turn: Turn) -> None:
    """The incident was restricted: what stood there is withdrawn, its name too, and it is archived."""
    if turn.channel.archived_at is not None or turn.channel.gone_at is not None or not _is_there(turn):
        return
    for step in (channel_contents.withdraw, _forget_name, channel_contents.topic, channel_contents.bookmarks):
        step(turn)
        if turn.met(ARCHIVED, GONE):
            turn.troubles = []
            turn.keep(archived_at=clock.now())
            return
    if any(not trouble.needs_somebody for trouble in turn.troubles):
        return
    if _is_still_spoken_to(turn) and turn.channel.left_at and clock.now() < turn.channel.left_at + _LAST_WORDS:
        turn.again_after = _LOOK_FOR_THEM_AFTER
        return
    refused = slack_rooms.archive(turn.id, turn.settings)
    if refused is None or refused.word == GONE:
        turn.keep(lambda: _tell(turn, "left"), archived_at=clock.now())
    else:
        turn.went_wrong(refused)


def _is_there(turn: Turn) -> bool:
    """Whether it was made at all; whoever made it may have died before saying so."""
    if turn.channel.channel_id is None and turn.channel.name:
        found = _adopted(turn)
        if not turn.went_wrong(found) and isinstance(found, Room):
            turn.keep(channel_id=found.id, name=found.name, made_at=clock.now())
    return turn.channel.channel_id is not None


def _forget_name(turn: Turn) -> None:
    """The title's words leave its name."""
    wanted = f"{turn.plan.name}-{turn.channel.id}"
    if turn.channel.name == wanted:
        return
    found = slack_rooms.rename(turn.id, wanted, turn.settings)
    if not turn.went_wrong(found) and isinstance(found, Room):
        turn.keep(name=wanted)
