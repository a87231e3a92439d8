"""Letters about being on call: a shift begins or ends, and somebody asks for another to take one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from ..records.incidents import Incident
from ..records.oncall import Override, Rotation, ShiftSwap
from ..records.people import Person
from .about_incidents import clock_time
from .letters import Button, Letter

_MOST_INCIDENTS = 20


def day_and_time(moment: datetime, zone: str) -> str:
    """``Mon 30 Nov, 09:00 CET (08:00 UTC)``, in the zone of whoever reads it."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b}, {clock_time(moment, zone)}"


def comes_on(
    rotation: Rotation,
    *,
    to: Person,
    until: datetime | None,
    before: str,
    late: int,
    incidents: Sequence[Incident],
    base_url: str,
) -> Letter:
    """To whoever is on call from now on; ``before`` names whom they follow, "" where nobody was on call.

    ``late`` is in whole minutes. The open incidents are those that the reader may know of.
    """
    end = f" until {day_and_time(until, to.zone)}" if until is not None else ""
    follows = f"Before you: {before}." if before else "Before you nobody was on call."
    return Letter(
        subject=f"You are on call now: {rotation.name}",
        paragraphs=[f"You are on call for {rotation.name}{end}. {follows}", *_late(late), *_open_incidents(incidents)],
        buttons=[_schedule_button(base_url)],
    )


def goes_off(rotation: Rotation, *, to: Person, after: str, late: int, base_url: str) -> Letter:
    """To whoever was on call until now; ``after`` names who follows, "" for nobody."""
    follows = f"{after} is on call now." if after else "Nobody is on call now."
    return Letter(
        subject=f"Your shift has ended: {rotation.name}",
        paragraphs=[f"You are no longer on call for {rotation.name}. {follows}", *_late(late)],
        buttons=[_schedule_button(base_url)],
    )


def nobody_comes_on(
    rotation: Rotation, *, to: Person, since: datetime, until: datetime | None, absent: str, base_url: str
) -> Letter:
    """To admins: a shift has begun that nobody has."""
    end = f" until {day_and_time(until, to.zone)}" if until is not None else ""
    why = f" It would be {absent}, who has no active account here." if absent else ""
    return Letter(
        subject=f"Nobody is on call: {rotation.name}",
        paragraphs=[
            f"Since {day_and_time(since, to.zone)} nobody is on call for {rotation.name}{end}.{why}",
            "Put somebody on call with an override, or change the rotation.",
        ],
        buttons=[_schedule_button(base_url)],
    )


def cover_made(
    cover: Override, rotation: Rotation, *, to: Person, who: str, takes: str, instead_of: str, base_url: str
) -> Letter:
    """To whoever was put on call by another, and to those who would have been: who is on call when from now on.

    ``who`` made it; ``instead_of`` names those who would have been, "" for nobody.
    """
    not_these = f", not {instead_of}" if instead_of else ""
    stretch = _stretch(cover.starts_at, cover.ends_at, to)
    paragraphs = [f"{who} put {takes} on call for {rotation.name} from {stretch}{not_these}."]
    if cover.reason:
        paragraphs.append(f"Reason: {cover.reason}")
    return Letter(
        subject=f"{takes} covers a shift: {rotation.name}",
        paragraphs=paragraphs,
        buttons=[_schedule_button(base_url)],
    )


def cover_taken_back(
    rotation: Rotation, hours: tuple[datetime, datetime], *, to: Person, who: str, takes: str, base_url: str
) -> Letter:
    """To the same, and to whoever has those hours again: what is left of the cover no longer holds."""
    stretch = _stretch(*hours, to)
    return Letter(
        subject=f"{takes} no longer covers a shift: {rotation.name}",
        paragraphs=[f"{who} took a cover back: {takes} does not take {rotation.name} from {stretch}."],
        buttons=[_schedule_button(base_url)],
    )


def swap_asked(
    swap: ShiftSwap, rotation: Rotation, *, to: Person, who: str, base_url: str, again: bool = False
) -> Letter:
    """To a colleague, or to all who share the rotation: will you take this shift?"""
    stretch = _stretch(swap.starts_at, swap.ends_at, to)
    paragraphs = [f"{who} asks {_whom(swap)} to be on call for {rotation.name} from {stretch}."]
    if swap.return_starts_at is not None and swap.return_ends_at is not None:
        paragraphs.append(f"In return {who} takes {_stretch(swap.return_starts_at, swap.return_ends_at, to)}.")
    if swap.note:
        paragraphs.append(f"{who} says: {swap.note}")
    if again:
        paragraphs.append("It begins within a day, and nobody has answered yet.")
    return Letter(
        subject=f"{'Still open: ' if again else ''}{who} asks for a swap: {rotation.name}",
        paragraphs=paragraphs,
        buttons=[_schedule_button(base_url, "Answer")],
    )


def swap_accepted(swap: ShiftSwap, rotation: Rotation, *, to: Person, giver: str, taker: str, base_url: str) -> Letter:
    """To both: who is on call when from now on."""
    paragraphs = [
        f"{taker} is on call for {rotation.name} from {_stretch(swap.starts_at, swap.ends_at, to)}, not {giver}."
    ]
    if swap.return_starts_at is not None and swap.return_ends_at is not None:
        paragraphs.append(f"In return {giver} takes {_stretch(swap.return_starts_at, swap.return_ends_at, to)}.")
    return Letter(
        subject=f"Swap agreed: {taker} takes a shift of {giver}",
        paragraphs=paragraphs,
        buttons=[_schedule_button(base_url)],
    )


def swap_failed(swap: ShiftSwap, rotation: Rotation, *, to: Person, why: str, base_url: str) -> Letter:
    """To whoever asked: you still have this shift, since ``why``."""
    return Letter(
        subject=f"No swap: you keep your shift in {rotation.name}",
        paragraphs=[f"{why} You are on call for {rotation.name} from {_stretch(swap.starts_at, swap.ends_at, to)}."],
        buttons=[_schedule_button(base_url)],
    )


def swap_withdrawn(swap: ShiftSwap, rotation: Rotation, *, to: Person, who: str, base_url: str) -> Letter:
    """To whoever was asked: it is settled without you."""
    return Letter(
        subject=f"{who} no longer asks for a swap: {rotation.name}",
        paragraphs=[f"{who} keeps the shift from {_stretch(swap.starts_at, swap.ends_at, to)}."],
        buttons=[_schedule_button(base_url)],
    )


def _whom(swap: ShiftSwap) -> str:
    return "you" if swap.to_id is not None else "anybody"


def _stretch(starts_at: datetime, ends_at: datetime, to: Person) -> str:
    return f"{day_and_time(starts_at, to.zone)} to {day_and_time(ends_at, to.zone)}"


def _late(minutes: int) -> list[str]:
    return [f"This message is {minutes} min late: Sevenbells was not running at the hand-over."] if minutes else []


def _open_incidents(incidents: Sequence[Incident]) -> list[str]:
    if not incidents:
        return ["No incident is open."]
    lines = [f"{incident.ref} ({incident.severity}) {incident.title}" for incident in incidents[:_MOST_INCIDENTS]]
    more = len(incidents) - len(lines)
    return ["\n".join(["Open incidents:", *lines, *([f"and {more} more"] if more else [])])]


def _schedule_button(base_url: str, label: str = "See the schedule") -> Button:
    return Button(label, f"{base_url}/console/on-call")
