"""Lists of subscribers as CSV: read with a word on each line that cannot be taken, taken in as often as one likes, and written."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from ..kernel import mail_addresses
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..kernel.languages import LANGUAGES
from ..messages import about_subscriptions
from ..published import subscribers
from ..published.components import all_components
from ..published.page_settings import page_settings
from ..published.subscribers import Choice, Imported, Subscriber, SubscriberComponent
from ..records.actors import Actor
from .audit import note

MOST_LINES = 10_000
_AT_ONCE = 2_000  # rows of a file that is written
COLUMNS = (
    "kind", "email", "url", "shape", "components", "maintenance", "language",
    "confirmed_at", "quarantined_at", "quarantine_reason", "created_at",
)  # fmt: skip
_NAMES: Mapping[str, str] = {
    **dict.fromkeys(("email", "e-mail", "mail", "email address", "e-mail address", "address", "subscriber"), "email"),
    **dict.fromkeys(("components", "component_ids", "component ids"), "components"),
    **dict.fromkeys(("kind", "type", "mode"), "kind"),
    **dict.fromkeys(("url", "endpoint"), "url"),
    "maintenance": "maintenance",
    "language": "language",
}
_YES, _NO = ("yes", "true", "1", "y"), ("no", "false", "0", "n")


@dataclass(frozen=True)
class Reading:
    """What a file says: each address with its choice, and what is wrong, by the number of the line."""

    entries: Mapping[str, Choice] = field(default_factory=dict)
    problems: Sequence[tuple[int, str]] = ()
    known: int = 0  # of the addresses, how many are on the list already


def read_list(content: str) -> Reading:
    """Read a file without changing anything. Raises Malformed (field ``file``) where it is no list at all."""
    rows = list(_rows(content))
    if not rows:
        raise Malformed({"file": "The file is empty."})
    if len(rows) > MOST_LINES + 1:
        said = f"Take at most {MOST_LINES:,} lines at once. There are {len(rows):,}."
        raise Malformed({"file": f"{said} Split the list: whoever is on it already stays as they are."})
    columns, rows = _columns(rows)
    known_components, usual_language = _components(), page_settings().language
    entries: dict[str, Choice] = {}
    problems: list[tuple[int, str]] = []
    first_at: dict[str, int] = {}
    for number, cells in rows:
        try:
            email, choice = _entry(_named(columns, cells), known_components, usual_language)
        except ValueError as wrong:
            problems.append((number, str(wrong)))
            continue
        if email in entries:
            problems.append((number, f"{email} stands in line {first_at[email]} already."))
            continue
        entries[email], first_at[email] = choice, number
    return Reading(entries, problems, _count_known(list(entries)))


def take_in(reading: Reading, *, is_confirmed: bool, by: Actor) -> Imported:
    """Put what was read on the list. ``is_confirmed``: each agreed, says who does this; else each new one is asked."""
    done = subscribers.add_many(reading.entries, is_confirmed=is_confirmed, words=about_subscriptions)
    note("subscribers imported", by=by, new=done.new, confirmed=done.confirmed, without_asking=is_confirmed)
    return done


def write_list() -> Iterator[Sequence[Sequence[str]]]:
    """Everybody on the list, the oldest first, under a line of names, some thousand at a time; no secret and no token."""
    yield [COLUMNS]
    last = 0
    while True:
        wanted = select(Subscriber.__table__).where(Subscriber.id > last).order_by(Subscriber.id).limit(_AT_ONCE)
        found = db.session.execute(wanted).all()
        if not found:
            return
        chosen = _components_of([each.id for each in found if not each.all_components])
        yield [_line(each, chosen.get(each.id, ())) for each in found]
        last = found[-1].id


def _components_of(ids: Sequence[int]) -> dict[int, list[str]]:
    chosen: dict[int, list[str]] = {}
    table = SubscriberComponent
    if ids:
        between = table.subscriber_id.between(ids[0], ids[-1])
        for row in db.session.execute(select(table.subscriber_id, table.component_id).where(between)):
            chosen.setdefault(row.subscriber_id, []).append(row.component_id)
    return chosen


def _line(each: Any, chosen: Sequence[str]) -> Sequence[str]:
    moments = (each.confirmed_at, each.quarantined_at)
    return (
        each.kind,
        each.email or "",
        each.url or "",
        each.shape if each.url else "",
        "" if each.all_components else ";".join(sorted(chosen)),
        "yes" if each.hears_maintenance else "no",
        each.language,
        *(moment.isoformat() if moment else "" for moment in moments),
        each.quarantine_reason or "",
        each.created_at.isoformat(),
    )


# -- reading -----------------------------------------------------------------------------------------------------------


def _rows(content: str) -> Iterator[tuple[int, list[str]]]:
    """Each line that says something, with its number in the file."""
    text = content.removeprefix("\ufeff").replace("\x00", "")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, [_plain(cell) for cell in cells]
    except csv.Error:
        raise Malformed({"file": f"Line {reader.line_num + 1} cannot be read as CSV."}) from None


def _plain(cell: str) -> str:
    """Without the apostrophe by which our own files keep a cell from being computed."""
    text = cell.strip()
    return text[1:] if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@") else text


def _columns(rows: list[tuple[int, list[str]]]) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Which cell is what; a file without a line of names holds addresses in its first column."""
    names = [_NAMES.get(cell.lower(), "") for cell in rows[0][1]]
    return (names, rows[1:]) if "email" in names else (["email"], rows)


def _named(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    return {name: cell for name, cell in zip(columns, cells, strict=False) if name}


def _entry(cells: Mapping[str, str], components: Mapping[str, str], usual_language: str) -> tuple[str, Choice]:
    """One address with its choice. Raises ValueError with a sentence."""
    if cells.get("kind", "").lower() == "webhook" or (cells.get("url") and not cells.get("email")):
        raise ValueError("A webhook is added by itself: its secret is shown once.")
    try:
        email = mail_addresses.clean(cells.get("email", ""))
    except ValueError:
        raise ValueError("This is not an e-mail address.") from None
    language = cells.get("language", "").lower() or usual_language
    if language not in LANGUAGES:
        raise ValueError(f"Choose one of these languages: {', '.join(LANGUAGES)}.")
    return email, Choice(
        components=_chosen(cells.get("components", ""), components),
        maintenance=_is_yes(cells.get("maintenance", "")),
        language=language,
    )


def _chosen(cell: str, components: Mapping[str, str]) -> tuple[str, ...] | None:
    """By id or by name, with semicolons between them; nothing means everything."""
    names = [name.strip() for name in cell.replace("|", ";").split(";") if name.strip()]
    unknown = [name for name in names if name.lower() not in components]
    if unknown:
        raise ValueError(f"There is no component {unknown[0][:100]}.")
    return tuple(dict.fromkeys(components[name.lower()] for name in names)) or None


def _is_yes(cell: str) -> bool:
    if cell.lower() not in ("", *_YES, *_NO):
        raise ValueError("Write yes or no for maintenance.")
    return cell.lower() not in _NO


def _components() -> dict[str, str]:
    """Id or name → id."""
    known = all_components()
    return {each.name.lower(): each.public_id for each in known} | {each.public_id: each.public_id for each in known}


def _count_known(emails: list[str]) -> int:
    found = 0
    for start in range(0, len(emails), 500):
        chunk = emails[start : start + 500]
        found += len(db.session.scalars(select(Subscriber.id).where(Subscriber.email.in_(chunk))).all())
    return found
