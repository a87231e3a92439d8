"""``declare`` and ``drill``: an incident exists and people are told; nothing is public yet."""

from __future__ import annotations

from urllib.parse import urlencode

from ... import actions
from ...access import Role
from ...actions import slack_people
from ...kernel.errors import Forbidden
from ...messages.letters import ACKNOWLEDGE, Button
from ...policy.severity import SEVERITY_LABELS, Severity
from ...records.incidents import TITLE_LENGTH
from ..replies import Reply
from .asked import LINK, UNKNOWN, Asked


def declare(asked: Asked) -> Reply:
    """``declare P1 TITLE``. Somebody whose account we do not know may do it too: whoever sees trouble says so."""
    if asked.person is not None:
        asked.known(Role.RESPONDER)
    elif slack_people.is_shut_out(asked.user):
        raise Forbidden("Your account is disabled. An administrator can enable it.")
    return _declare(asked, is_drill=False)


def drill(asked: Asked) -> Reply:
    """``drill P3 TITLE``: the same as an exercise, of which nothing reaches the public."""
    asked.known(Role.RESPONDER)
    return _declare(asked, is_drill=True)


def _declare(asked: Asked, *, is_drill: bool) -> Reply:
    first, rest = asked.split()
    if first.upper() not in [*Severity]:
        return _how_bad(asked, is_drill=is_drill)
    incident = actions.declare(title=rest.text, severity=first.upper(), by=asked.by, is_drill=is_drill)
    acknowledge = [] if asked.person is None else [Button("Acknowledge", "", act=ACKNOWLEDGE)]
    kind = "a drill" if is_drill else f"{incident.severity} {SEVERITY_LABELS[Severity(incident.severity)]}"
    return Reply(
        f"{incident.ref} is declared, {kind}: {incident.title}",
        [
            "People are told now. Nothing is on the status page yet.",
            *([] if asked.person else [f"{UNKNOWN} {LINK} Then you can go on with it here."]),
        ],
        [*acknowledge, *asked.ways_to_be_known(), asked.room(incident)],
        incident.ref,
    )


def _how_bad(asked: Asked, *, is_drill: bool) -> Reply:
    word = "drill" if is_drill else "declare"
    filled = {"title": asked.text[:TITLE_LENGTH], **({"drill": "1"} if is_drill else {})}
    return Reply(
        f"How bad is it? Write {asked.command} {word} P1 and a title.",
        [f"{severity} {label}" for severity, label in SEVERITY_LABELS.items()],
        [asked.page("Open the form", f"/incidents/new?{urlencode(filled)}")] if asked.person else [],
    )
