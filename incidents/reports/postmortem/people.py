"""Who took part: roles with every hand-over, and whoever did something without one."""

from __future__ import annotations

from ...policy.postmortems import SectionName
from .cells import cell
from .missing import NOT_RECORDED, Gap, Section
from .record import Record, Seat
from .telling_times import day_and_time


def people(record: Record) -> Section:
    """The seats as a table, in the order in which they were taken; then the others by name."""
    lines, gaps = [], []
    if record.seats:
        lines += ["| Role | Who | From | Until |", "|---|---|---|---|"]
        lines += [_row(record, number) for number in range(len(record.seats))]
        lines.append("")
    if not any(seat.role == "commander" for seat in record.seats):
        lines.append(f"Commander: {NOT_RECORDED}\n")
        gaps.append(Gap("Who was commander", "roles"))
    others = _others(record)
    if others:
        lines.append(f"Also took part: {', '.join(others)}.")
    return Section(SectionName.PEOPLE, "\n".join(lines).strip(), gaps)


def _row(record: Record, number: int) -> str:
    seat = record.seats[number]
    until = day_and_time(seat.until, record.zone) if seat.until else "The end"
    follower = _follower(record, number)
    if follower is not None:
        until += f", handed over to {follower.name}"
    return f"| {seat.label} | {cell(seat.name)} | {day_and_time(seat.since, record.zone)} | {cell(until)} |"


def _follower(record: Record, number: int) -> Seat | None:
    """Who took the role when this one gave it up."""
    seat = record.seats[number]
    if seat.until is None:
        return None
    later = record.seats[number + 1 :]
    return next((each for each in later if each.role == seat.role and each.since == seat.until), None)


def _others(record: Record) -> list[str]:
    seated = {seat.name for seat in record.seats}
    acted = (entry.by_name for entry in record.entries if entry.by_kind == "person")
    return [name for name in dict.fromkeys(acted) if name not in seated]
