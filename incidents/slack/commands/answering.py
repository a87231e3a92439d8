"""``ack``, ``severity``, ``escalate``, ``snooze``."""

from __future__ import annotations

from ... import actions
from ...kernel.errors import NotAllowed
from ...policy.cadence import SNOOZE_MINUTES
from ...policy.escalation import Trigger
from ...policy.severity import SEVERITY_LABELS, Severity
from ..modals import escalate as form
from ..replies import Reply
from .asked import Asked, choice


def acknowledge(asked: Asked) -> Reply:
    """``ack [INC-42]``."""
    incident, _rest = asked.incident()
    if actions.acknowledge(incident, by=asked.by) is None:
        return Reply(f"You had acknowledged {incident.ref} before.", buttons=[asked.room(incident)])
    return Reply(f"You acknowledged {incident.ref}.", [incident.title], [asked.room(incident)])


def severity(asked: Asked) -> Reply:
    """``severity [INC-42] P2 [why]``."""
    incident, rest = asked.incident()
    first, why = rest.split()
    to = Severity(choice(first.upper(), [*Severity], what="severity"))
    changed = actions.change_severity(incident, to=to, by=asked.by, reason=why.text or None)
    return Reply(f"{incident.ref} is {to} {SEVERITY_LABELS[to]} {'now' if changed else 'already'}.")


def escalate(asked: Asked) -> Reply:
    """``escalate [INC-42] customer [more]``; without a reason the form opens."""
    incident, rest = asked.incident()
    if not rest.text:
        return form.reply(asked, incident)
    first, more = rest.split()
    reason = choice(first, [*Trigger], what="reason")
    told = actions.escalate(incident, by=asked.by, reason=reason, note=more.text or None)
    names = ", ".join(person.name for person in told)
    return Reply(f"{incident.ref}: {names} {'is' if len(told) == 1 else 'are'} called in." if told else _NOBODY)


_NOBODY = "Nobody stands in the next level, so that nobody was called in. It is on the timeline."


def snooze(asked: Asked) -> Reply:
    """``snooze [INC-42] 10 why``: the reminder is held back, and the promise stays."""
    incident, rest = asked.incident()
    first, why = rest.split()
    if not (first.isascii() and first.isdecimal() and len(first) < 4):
        raise NotAllowed(f"For how long? Write {' or '.join(map(str, SNOOZE_MINUTES))} (minutes), and then why.")
    actions.snooze(incident, by=asked.by, minutes=int(first), reason=why.text)
    return Reply(f"The reminder of {incident.ref} is held back for {first} min. The promised time stays.")
