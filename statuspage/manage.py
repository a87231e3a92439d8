"""The objects of the Statuspage format for the manage API: the public JSON's own, as things stand now, hidden ones too."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from incidents.kernel.clock import to_the_minute

from . import records
from .api_v2 import Json, Shapes
from .records import GroupRow
from .snapshot import Component, Group, Picture
from .told import Told


class Objects:
    """What was asked for by public id. Bodies are as they were written, so that a program can read, change and send them.

    Unlike the page it reads nothing of the past but what was asked, and draws no days.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        now: datetime,
        base: str,
        incidents: Collection[str] = (),
        works: Collection[str] = (),
    ) -> None:
        told = Told(records.read_asked(connection, now=now, incidents=incidents, works=works))
        self._picture = _sketch(told, to_the_minute(now))
        self._shapes = Shapes(self._picture, base)

    def components(self) -> list[Json]:
        """Every heading and component that is not archived, in the order of the page."""
        return self._shapes.components()

    def incident(self, public_id: str) -> Json | None:
        """The incident, or None where no such one is published."""
        found = next((each for each in self._picture.incidents if each.id == public_id), None)
        if found is None:
            return None
        shape = self._shapes.incident(found)
        for update, written in zip(shape["incident_updates"], found.updates, strict=True):
            update["body"] = written.body
        return shape

    def maintenance(self, public_id: str) -> Json | None:
        """The announced work, or None where there is no such."""
        found = next((each for each in self._picture.told.works if each.id == public_id), None)
        if found is None:
            return None
        shape = self._shapes.maintenance(found)
        for update, said in zip(shape["incident_updates"], found.said(self._picture.minute), strict=True):
            if said.body and said.was is None:
                update["body"] = said.body
        return shape


def _sketch(told: Told, minute: datetime) -> Picture:
    """The page at this minute, without its days."""
    headings = {group.id: group for group in told.records.groups}
    below: dict[int | None, list[Component]] = {None: [], **{number: [] for number in headings}}
    for row in told.shown:
        heading: GroupRow | None = headings.get(row.group_id) if row.group_id is not None else None
        drawn = Component(row, heading, told.status(row, minute))
        below[heading.id if heading else None].append(drawn)
    # an empty heading is not on the page, but there it is for those who manage it
    groups = (
        Group(headings.get(number) if number is not None else None, tuple(each)) for number, each in below.items()
    )
    return Picture(told, minute, tuple(groups))
