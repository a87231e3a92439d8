"""``/incident`` and its words: each does what the browser does, by the same actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ...kernel.database import db
from ...kernel.errors import Malformed, NotAllowed, Refusal
from ..replies import Reply
from . import answering, channels, course, declaring, helping, looking, owed, planned, roles, writing
from .asked import Asked, nearest

Command = Callable[[Asked], Reply]

COMMANDS: Final[dict[str, Command]] = {
    "declare": declaring.declare,
    "drill": declaring.drill,
    "ack": answering.acknowledge,
    "severity": answering.severity,
    "escalate": answering.escalate,
    "snooze": answering.snooze,
    "update": writing.update,
    "note": writing.note,
    "template": writing.template,
    "step": course.step,
    "resolve": course.resolve,
    "reopen": course.reopen,
    "role": roles.role,
    "channel": channels.channel,
    "list": looking.list_open,
    "show": looking.show,
    "oncall": looking.on_call,
    "postmortem": looking.postmortem,
    "actions": owed.action_items,
    "maintenance": planned.maintenance,
    "help": helping.help_,
}
_OTHER_NAMES: Final[Mapping[str, str]] = {
    "acknowledge": "ack",
    "on-call": "oncall",
    "post-mortem": "postmortem",
    "new": "declare",
    "close": "resolve",
    "action": "actions",
}
_HOW_TO_SAY_WHY: Final = "Write the same again, and at its end reason: with why."


def run(asked: Asked) -> Reply:
    """Do what the first word says, wholly or not at all; a refusal is answered with its sentence. The door commits."""
    word, rest = asked.split()
    known = COMMANDS.get(_OTHER_NAMES.get(word, word))
    try:
        with db.session.begin_nested():
            if known is not None:
                return known(rest)
            return (
                helping.unknown(word, nearest(word, [*COMMANDS, *_OTHER_NAMES]), asked) if word else helping.menu(asked)
            )
    except Malformed as refused:
        return Reply(" ".join(refused.fields.values()))
    except Refusal as refused:
        how = [_HOW_TO_SAY_WHY] if isinstance(refused, NotAllowed) and refused.missing else []
        return Reply(refused.sentence, how, asked.ways_to_be_known())
