"""Letters about an incident: paged, update due, update late, caught up after a silence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from ..policy import cadence
from ..policy.severity import Severity
from ..records.incidents import Incident
from .letters import ACKNOWLEDGE, NO_CHANGE, POST_UPDATE, SNOOZE, Button, Letter

_LONGEST_SHORT = 140  # characters of a text message (DESIGN, section 15)
_SHORTEST_WORDS = 40  # so much is said in any case, also where the address is a long one

AFTER_DECLARING = (
    "Nothing is public yet. After declaring, the first update opens with a preview of what the public will see."
)
WAKES_NOBODY = "P3 and P4 wake nobody: they come by e-mail and Slack, unless somebody asked for more."


def told_now(incident: Incident) -> str:
    """What declaring did; a P3 or P4 also says how little it disturbs."""
    is_urgent = incident.severity in (Severity.P1, Severity.P2)
    how = "" if is_urgent else f", by e-mail and Slack: a {incident.severity} wakes nobody who did not ask for more"
    return f"People are told now{how}. Nothing is on the status page yet."


def clock_time(moment: datetime, zone: str) -> str:
    """``03:44 CET (02:44 UTC)``."""
    local = moment.astimezone(ZoneInfo(zone))
    utc = moment.astimezone(ZoneInfo("UTC"))
    name = local.tzname() or "UTC"
    return f"{local:%H:%M} {name}" if name == "UTC" else f"{local:%H:%M} {name} ({utc:%H:%M} UTC)"


def addresses(incident: Incident, base_url: str) -> dict[str, str]:
    """The pages where the buttons of a letter lead."""
    room = f"{base_url}/console/incidents/{incident.ref}"
    return {
        "room": room,
        "update": f"{room}/updates",
        "no_change": f"{room}/updates/no-change",
        "snooze": f"{room}/snoozes",
        "note": f"{room}/notes",
        "step": f"{room}/steps",
    }


def letter(
    incident: Incident,
    *,
    headline: str,
    paragraphs: Sequence[str],
    buttons: Sequence[Button],
    template: str,
    short: str = "",
) -> Letter:
    """A letter in the incident's thread; ``headline`` follows its number in the subject."""
    drill = "[Drill] " if incident.is_drill else ""
    return Letter(
        subject=f"{drill}{incident.ref}: {headline}",
        paragraphs=paragraphs,
        buttons=buttons,
        template=template,
        thread=incident.ref,
        short=f"{drill}{short}" if short else "",
    )


def short_call(
    incident: Incident, *, components: Sequence[str], answer_by: datetime | None, zone: str, address: str
) -> str:
    """``P1 Database connection failure. Web app, Billing. Ack by 03:25 CET: https://…``.

    Of 140 characters where the address leaves room; what does not fit is cut in the names, then in the title.
    """
    by = "" if answer_by is None else f". Ack by {answer_by.astimezone(ZoneInfo(zone)):%H:%M %Z}"
    where = f". {', '.join(components)}" if components else ""
    return short_text(f"{incident.severity} {incident.title}", where, by, address=address)


def short_text(what: str, where: str = "", end: str = "", *, address: str) -> str:
    """``what``, ``where`` as far as there is room for it, the end, and the address."""
    tail = f"{end}: {address}"
    room = max(_LONGEST_SHORT - len(tail), _SHORTEST_WORDS)
    text = what + where if len(what + where) <= room else what
    return (text if len(text) <= room else text[: room - 1].rstrip(" .,") + "…") + tail


def update_buttons(incident: Incident, base_url: str) -> list[Button]:
    """Post update, No change, Snooze, and the room; in place they answer the promise that stands now."""
    to = addresses(incident, base_url)
    return [
        post_update_button(incident, base_url),
        Button("No change", to["no_change"], act=NO_CHANGE, value=promise_of(incident)),
        Button("Snooze", to["snooze"], act=SNOOZE, value=promise_of(incident)),
        room_button(incident, base_url),
    ]


def post_update_button(incident: Incident, base_url: str) -> Button:
    """The composer, pre-filled."""
    return Button("Post update", addresses(incident, base_url)["update"], act=POST_UPDATE)


def promise_of(incident: Incident) -> str:
    """By this a button knows whether the promise that it answers is still the one that stands."""
    due_at = incident.next_update_due_at
    return "" if due_at is None else due_at.isoformat()


def acknowledge_button(address: str) -> Button:
    """One page with one button, for its recipient alone (see ``access.acknowledging``)."""
    return Button("Acknowledge", address, act=ACKNOWLEDGE)


def room_button(incident: Incident, base_url: str) -> Button:
    """The room alone."""
    return Button("Open the incident", addresses(incident, base_url)["room"])


def reminder_headline(what: str, *, late: int, is_nudge: bool) -> str:
    """The subject of a reminder: due in 5 min, due now, 6 min late."""
    if late:
        return f"the {what} is {late} min late"
    return f"the {what} is due in {cadence.NUDGE_BEFORE} min" if is_nudge else f"the {what} is due now"


def reminder_sentence(incident: Incident, what: str, *, late: int) -> str:
    """The first sentence of a reminder."""
    if late:
        return f"The {what} about {incident.title} is {late} min late."
    return f"The {what} about {incident.title} is due."
