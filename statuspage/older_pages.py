"""Pages that are made when somebody asks: their rows are read once, and kept for the minutes in which nothing changes.

While the database is away those rows still make a page, which then says from when it is.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from incidents.kernel.database import reading

from . import contents, records, wayfinding, work_records, year
from .prepared import Document
from .snapshot import Picture
from .year import Year

_MOST_KEPT = 256

T = TypeVar("T")


class Unavailable(Exception):
    """The database does not answer, and nothing that we keep can."""


class OlderPages:
    """One process's. ``make`` may be called by several threads at once."""

    def __init__(self, connect: Callable[[], Connection], *, base: str) -> None:
        self._connect = connect
        self._base = base
        self._rows: OrderedDict[str, tuple[int, object]] = OrderedDict()  # by address: the revision, and what was read
        self._keeping = threading.Lock()
        self._year: Year | None = None

    def make(self, picture: Picture, path: str) -> Document | None:
        """The page at this address; None where nothing is published. Raises Unavailable."""
        if found := contents.COMPONENT.fullmatch(path):
            return contents.component(
                picture, found[1], form=found[2], year=self._year_behind(picture), base=self._base
            )
        if found := contents.INCIDENT.fullmatch(path):
            return self._incident(picture, found[1], form=found[2])
        if found := contents.MAINTENANCE.fullmatch(path):
            return self._work(picture, found[1])
        if found := contents.MONTH.fullmatch(path):
            return self._month(picture, int(found[1]), int(found[2]), form=found[3])
        if path == "/sitemap.xml":
            return wayfinding.sitemap(picture, base=self._base)
        return contents.beside_component(picture, path, base=self._base)

    def _year_behind(self, picture: Picture) -> Year | None:
        """Read once for all components, and kept as long as the records; None where the database does not answer."""
        kept = self._year
        if kept is None or kept.told is not picture.told:
            try:
                with reading(), self._connect() as connection:
                    kept = self._year = year.read(connection, picture.told)
            except SQLAlchemyError:
                return None
        return kept

    def _incident(self, picture: Picture, public_id: str, *, form: str | None) -> Document | None:
        row = next((each.row for each in picture.incidents if each.id == public_id), None)
        if row is None:
            row = self._read(picture, f"incident {public_id}", lambda found: records.read_incident(found, public_id))
        return contents.older_incident(picture, row, form=form, base=self._base) if row else None

    def _work(self, picture: Picture, public_id: str) -> Document | None:
        row = next((each.row for each in picture.told.works if each.id == public_id), None)
        if row is None:
            row = self._read(picture, f"work {public_id}", lambda found: work_records.read_work(found, public_id))
        return contents.maintenance(picture, row, base=self._base) if row else None

    def _month(self, picture: Picture, year: int, month: int, *, form: str | None) -> Document | None:
        bounds = contents.month_bounds(picture, year, month)
        if bounds is None:
            return None
        first, start, end = bounds
        found, works = self._read(
            picture,
            f"month {first:%Y-%m}",
            lambda connection: (
                records.read_between(connection, start, end),
                work_records.read_works_between(connection, start, end),
            ),
        )
        return contents.older_month(picture, first, found, works, form=form, base=self._base)

    def _read(self, picture: Picture, name: str, read: Callable[[Connection], T]) -> T:
        """What ``read`` finds, asked once for each revision: at another one it may have been withdrawn."""
        revision = picture.records.revision
        kept = self._rows.get(name)
        if kept is not None and kept[0] == revision:
            return kept[1]  # type: ignore[return-value] # each name is read in one way
        try:
            with reading(), self._connect() as connection:
                found = read(connection)
        except SQLAlchemyError:
            raise Unavailable from None
        with self._keeping:
            self._rows[name] = (revision, found)
            self._rows.move_to_end(name)
            while len(self._rows) > _MOST_KEPT:
                self._rows.popitem(last=False)
        return found
