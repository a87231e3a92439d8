"""``declare`` and ``drill``: an incident exists and people are told; nothing is public yet."""

from __future__ import annotations

from ... import actions
from ...messages.about_incidents import told_now
from ...messages.letters import ACKNOWLEDGE, Button
from ...policy.severity import SEVERITY_LABELS, Severity
from ..modals import declare as form
from ..replies import Reply
from .asked import LINK, UNKNOWN, Asked


def declare(asked: Asked) -> Reply:
    """``declare P1 TITLE``; without a severity the form opens. Somebody whose account we do not know may do it too."""
    return _declare(asked, is_drill=False)


def drill(asked: Asked) -> Reply:
    """``drill P3 TITLE``: the same as an exercise, of which nothing reaches the public."""
    return _declare(asked, is_drill=True)


def _declare(asked: Asked, *, is_drill: bool) -> Reply:
    form.check(asked, is_drill=is_drill)
    first, rest = asked.split()
    if first.upper() not in [*Severity]:
        return form.reply(asked, title=" ".join(asked.text.split()), is_drill=is_drill)
    incident = actions.declare(title=rest.text, severity=first.upper(), by=asked.by, is_drill=is_drill)
    acknowledge = [] if asked.person is None else [Button("Acknowledge", "", act=ACKNOWLEDGE)]
    kind = "a drill" if is_drill else f"{incident.severity} {SEVERITY_LABELS[Severity(incident.severity)]}"
    return Reply(
        f"{incident.ref} is declared, {kind}: {incident.title}",
        [
            told_now(incident),
            *([] if asked.person else [f"{UNKNOWN} {LINK} Then you can go on with it here."]),
        ],
        [*acknowledge, *asked.ways_to_be_known(), asked.room(incident)],
        incident.ref,
    )
