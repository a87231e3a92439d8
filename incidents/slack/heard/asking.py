"""*Which incident?*: asked by a form where the channel of a message does not say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from slack_sdk.models.blocks import Option

from ...access.visibility import find_incident, number_of, visible_incidents
from ...actions.from_slack import Said
from ...kernel.database import db
from ...kernel.errors import Malformed, NotAllowed
from ...records.incidents import TITLE_LENGTH, Incident
from ...records.people import Person
from .. import opening
from ..acted import Acted
from ..interactions import Afterwards, Body
from ..modals import parts
from ..modals.filled import Filled
from ..replies import Reply
from .messages import Chosen

_SHOWN, _CARRIED = 300, 1500  # characters, these as JSON: of 3,000 that a form carries unseen
_OTHERWISE: Final = "The form did not open in Slack. Choose the shortcut again, or do it in the browser."


def ask(
    acted: Acted, name: str, message: Chosen, person: Person, *, title: str, titled: str | None = None
) -> Afterwards:
    """Open the form ``name``; with ``titled`` it has that title to mend besides."""
    choices = _choices(person)
    if not choices:
        raise NotAllowed("There is no incident that you can see.")
    shown = message.said.text[:_SHOWN] + ("…" if len(message.said.text) > _SHOWN else "")
    blocks = [
        *([parts.quoted(shown)] if shown.strip() else []),
        parts.pick("incident", "Which incident?", choices, as_list=True),
    ]
    if titled is not None:
        blocks.append(parts.text("title", "What is to be done?", titled, longest=TITLE_LENGTH))
    form = parts.form(name, title=title, blocks=blocks, submit="Add", kept=_kept(message))
    room = acted.asked("").page("Open the incidents", "/incidents")
    return opening.afterwards(acted, form, otherwise=Reply(_OTHERWISE, buttons=[room]))


def _choices(person: Person) -> list[Option]:
    """The open ones, worst first, and then those that were over last."""
    is_over = Incident.outcome.is_not(None)
    wanted = (
        visible_incidents(person).order_by(is_over, Incident.severity, Incident.id.desc()).limit(parts.MOST_OPTIONS)
    )
    return [parts.option(each.ref, f"{each.ref} {each.severity} {each.title}") for each in db.session.scalars(wanted)]


def _kept(message: Chosen) -> dict[str, Any]:
    said = message.said
    is_whole = len(json.dumps(said.text)) <= _CARRIED and not said.files  # there a letter may take twelve
    return {
        "channel": message.channel,
        "ts": message.ts,
        "user": said.user,
        "bot": said.bot_name,
        "thread": said.thread_ts,
        "link": said.permalink,
        "text": said.text if is_whole else "",
    }


def answered(acted: Acted) -> tuple[Filled, Chosen, str]:
    """What was chosen: the form, the message, and the name of the incident."""
    filled = Filled(acted)
    kept = {name: value for name, value in filled.kept.items() if isinstance(value, str)}
    ref = filled.text("incident")
    if number_of(ref) is None or not kept.get("channel") or not kept.get("ts"):
        raise Malformed({"incident": "Choose an incident."})
    return filled, _message(acted, kept), ref


def _message(acted: Acted, kept: Mapping[str, str]) -> Chosen:
    said = Said(
        user=kept.get("user", ""),
        bot_name=kept.get("bot", ""),
        text=kept.get("text", ""),
        thread_ts=kept.get("thread", ""),
        permalink=kept.get("link", ""),
    )
    return Chosen(team=acted.team, channel=kept["channel"], ts=kept["ts"], said=said, incident_id=None)


def chosen_incident(ref: str, person: Person) -> Incident:
    """The incident, locked. Raises Malformed at its field where it was hidden meanwhile."""
    found = find_incident(ref, person, for_writing=True)
    if found is None:
        raise Malformed({"incident": f"There is no {ref} that you can see."})
    return found


def said_in_place(title: str, reply: Reply) -> Body:
    """What became of it, in the form's place."""
    ways = [parts.way(each.label, each.address) for each in reply.buttons]
    return parts.in_place(parts.said(title, [reply.sentence], buttons=ways))
