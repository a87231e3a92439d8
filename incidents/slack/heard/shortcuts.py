"""The shortcuts of a message: *Add to timeline* and *Make action item*."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from ...access import Role
from ...access.visibility import find_incident
from ...actions import action_items, from_slack
from ...kernel import clock
from ...kernel.database import db
from ...kernel.errors import NotAllowed
from ...policy import slack_text
from ...policy.action_items import Kind
from ...records import heard_messages, slack_users
from ...records.action_items import ActionItem
from ...records.incidents import TITLE_LENGTH, Incident
from ...records.people import Person
from ...records.timeline import TimelineEntry
from ..acted import Acted
from ..interactions import SHORTCUTS, SUBMITTED, Afterwards, Body
from ..replies import Reply
from . import asking
from .messages import Chosen, chosen

_ADD: Final = ("add_to_timeline", "Add to timeline")
_MAKE: Final = ("make_action_item", "Make action item")


def add_to_timeline(acted: Acted) -> Afterwards | None:
    """The message goes onto the timeline as if it were pinned, without being pinned in Slack."""
    person, message = acted.asked("").known(Role.RESPONDER), chosen(acted)
    incident = _incident(message, person)
    if incident is None:
        return asking.ask(acted, _ADD[0], message, person, title=_ADD[1])
    acted.say(put_there(acted, message, incident))
    return None


def make_action_item(acted: Acted) -> Afterwards | None:
    """Its first line is the title, whoever chose it the owner; the rest is mended on its page."""
    person, message = acted.asked("").known(Role.RESPONDER), chosen(acted)
    incident, title = _incident(message, person), title_of(message)
    if incident is None:
        return asking.ask(acted, _MAKE[0], message, person, title=_MAKE[1], titled=title)
    acted.say(write_down(acted, message, incident, person, title=title))
    return None


def add_to_the_one_chosen(acted: Acted) -> Body:
    """The form of the first was sent."""
    person = acted.asked("").known(Role.RESPONDER)
    _filled, message, ref = asking.answered(acted)
    return asking.said_in_place(_ADD[1], put_there(acted, message, asking.chosen_incident(ref, person)))


def make_for_the_one_chosen(acted: Acted) -> Body:
    """The form of the second was sent, with the title as it is now."""
    person = acted.asked("").known(Role.RESPONDER)
    filled, message, ref = asking.answered(acted)
    incident, title = asking.chosen_incident(ref, person), filled.text("title")
    return asking.said_in_place(_MAKE[1], write_down(acted, message, incident, person, title=title))


def _incident(message: Chosen, person: Person) -> Incident | None:
    """The one that the place is about, if this person sees it."""
    if message.incident_id is None:
        return None
    return find_incident(f"INC-{message.incident_id}", person, for_writing=True)


# ---- what is done with it ----


def put_there(acted: Acted, message: Chosen, incident: Incident) -> Reply:
    """Leave it to the clock, which asks Slack what its writer is called; says what will be there."""
    if slack_users.is_ourselves(message.said.user):
        raise NotAllowed("Sevenbells wrote this itself. What it is about stands on the timeline already.")
    row = heard_messages.hear(message.team, message.channel, message.ts, incident_id=incident.id)
    row.incident_id = incident.id
    entry = db.session.get(TimelineEntry, row.entry_id) if row.entry_id is not None else None
    is_there = entry is not None and from_slack.is_on_timeline(entry)
    if not is_there:
        # a form does not carry what is long: then Slack is asked for it
        row.given = message.said.as_given() if message.said.text or message.said.files else None
    mark = f"{heard_messages.SHORTCUT}:{acted.user}"
    heard_messages.mark(row, mark, user=acted.user, user_name=acted.user_name, is_on=True, told_at=clock.now())
    said = "is on the timeline of" if is_there else "goes on the timeline of"
    return Reply(f"The message {said} {incident.ref}.", buttons=[acted.asked("").room(incident)])


def write_down(acted: Acted, message: Chosen, incident: Incident, person: Person, *, title: str) -> Reply:
    """An action item with the message's address; the same message again names the item that there is."""
    source = message.said.permalink or f"slack:{message.channel}/{message.ts}"
    item = _item_of(incident, source)
    said = "There is an action item of this message already"
    if item is None:
        item = action_items.add(
            incident,
            title=title,
            kind=Kind.PREVENT,
            owner=person,
            link=message.said.permalink or None,
            by=person.as_actor(),
            source=source,
        )
        said = f"The action item is written down for {incident.ref}, and it is yours"
    page = acted.asked("").page("Open the action item", f"/action-items/{item.id}")
    return Reply(f"{said}: {item.title}", buttons=[page])


def _item_of(incident: Incident, source: str) -> ActionItem | None:
    wanted = select(ActionItem).where(ActionItem.incident_id == incident.id, ActionItem.source == source)
    return db.session.scalars(wanted.limit(1)).one_or_none()


def title_of(message: Chosen) -> str:
    """The first line, as it reads in Slack and cut to what a title may be."""
    names = from_slack.names_of(message.said.people)
    lines = slack_text.readable(message.said.text, names).split("\n")
    lines += [name for name, _url in message.said.files]
    first = next((" ".join(line.split()) for line in lines if line.strip()), "")
    return first if len(first) <= TITLE_LENGTH else first[: TITLE_LENGTH - 1].rstrip() + "…"


SHORTCUTS[_ADD[0]] = add_to_timeline
SHORTCUTS[_MAKE[0]] = make_action_item
SUBMITTED[_ADD[0]] = add_to_the_one_chosen
SUBMITTED[_MAKE[0]] = make_for_the_one_chosen
