"""Compares what was found there with what came from there before, and takes over what is new or has changed.

One transaction for each incident and each piece of work: a failure leaves whole things behind, and the next run goes on
from there. What somebody here has edited stays as they left it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Select, select

from ..actions import audit, past_incidents
from ..actions.past_incidents import PastIncident, PastText
from ..kernel import clock
from ..kernel.clock import to_the_minute
from ..kernel.database import db
from ..kernel.errors import Malformed
from ..kernel.text import render_markdown
from ..policy.maintenance import problems_with
from ..published import components as known
from ..published import planning
from ..published.components import Component as OurComponent
from ..published.components import ComponentGroup
from ..published.incidents import PublishedIncident
from ..published.maintenances import BODY_LENGTH, Maintenance, MaintenanceUpdate, find_maintenance
from ..published.public_ids import fresh_public_id
from ..published.revision import bump
from ..records.actors import COMMAND_LINE
from ..records.imports import Imported
from .found import Component, Found, Group, Incident, Thing, Work, print_of

Fate = Literal["new", "by_name", "changed", "same", "edited", "gone"]
_KIND: Mapping[type[Any], str] = {Group: "group", Component: "component", Incident: "incident", Work: "maintenance"}
KINDS = tuple(_KIND.values())


@dataclass
class Outcome:
    """What would be done, or was; ``notes`` name what was left alone, and why."""

    counts: dict[str, Counter[Fate]] = field(default_factory=lambda: {kind: Counter() for kind in KINDS})
    notes: list[str] = field(default_factory=list)

    @property
    def changes(self) -> int:
        """How many things of ours are, or were, touched."""
        return sum(count["new"] + count["changed"] for count in self.counts.values())


def preview(found: Found) -> Outcome:
    """What ``take`` would do now. Nothing is written."""
    taking = _Taking(found)
    for thing in _in_order(found):
        taking.judge(thing)
    return taking.outcome


def take(found: Found, *, each: Callable[[], None] = lambda: None) -> Outcome:
    """Take it over, and commit after each thing; ``each`` is called then."""
    taking = _Taking(found)
    for thing in _in_order(found):
        try:
            is_written = taking.take(thing)
        except Malformed as wrong:
            db.session.rollback()
            taking.outcome.notes.append(f"{_name(thing)}: {wrong.sentence} Left out.")
            continue
        if is_written:
            db.session.commit()
            each()
    if taking.outcome.changes:
        count = {kind: dict(fates) for kind, fates in taking.outcome.counts.items()}
        audit.note("status page imported", by=COMMAND_LINE, subject=found.origin, source=found.source, **count)
        db.session.commit()
    return taking.outcome


def _in_order(found: Found) -> Iterator[Thing]:
    """What others refer to comes first; of incidents the oldest. Of two with one id only the first, or each run would change it."""
    incidents = sorted(found.incidents, key=lambda one: one.began_at)
    works = sorted(found.works, key=lambda one: one.starts_at)
    things: list[Thing] = [*found.groups, *found.components, *incidents, *works]
    seen = set()
    for thing in things:
        key = (type(thing), thing.external_id)
        if key in seen:
            found.warnings.append(f"{_name(thing)}: another has the same id there; left out.")
        else:
            seen.add(key)
            yield thing


class _Known(NamedTuple):
    """What is remembered of one thing (see ``records.imports``)."""

    public_id: str
    seen: str
    written: str
    parts: Mapping[str, str]

    @classmethod
    def of(cls, row: Imported) -> _Known:
        return cls(row.public_id, row.seen, row.written, dict(row.parts))


class _Taking:
    """One run. ``ours`` maps the external ids of components and groups to what they are here."""

    def __init__(self, found: Found) -> None:
        self.outcome = Outcome()
        self._found = found
        # copies: each commit would have every row read anew
        self._rows = {(row.kind, row.external_id): _Known.of(row) for row in db.session.scalars(self._all_rows())}
        self._here: dict[str, bool] = {}  # whether a component or heading is there still
        self._told_by = f"the page of {found.name or found.origin}"

    def _all_rows(self) -> Select[Any]:
        return select(Imported).filter_by(source=self._found.source, origin=self._found.origin)

    def judge(self, thing: Thing) -> tuple[Fate, Any]:
        """What is to become of it, and what it is here; counts it."""
        kind = _KIND[type(thing)]
        row = self._rows.get((kind, thing.external_id))
        ours = self._ours(kind, row.public_id) if row is not None else self._named_alike(thing)
        fate: Fate = "new"
        if row is None:
            fate = "by_name" if ours is not None else "new"
        elif ours is None:
            fate = "gone"
        elif row.seen == print_of(thing):
            fate = "same"
        else:
            fate = "changed" if row.written == print_of(_as_it_is(ours)) else "edited"
        self.outcome.counts[kind][fate] += 1
        if fate == "edited":
            self.outcome.notes.append(f"{_name(thing)}: it has changed there, and was edited here; left as it is here.")
        if fate == "gone":
            self.outcome.notes.append(f"{_name(thing)}: it was taken away here; it stays away.")
        return fate, ours

    def take(self, thing: Thing) -> bool:
        """Make it ours, or ours like it; whether anything was written."""
        fate, ours = self.judge(thing)
        if fate == "by_name":
            self._remember(thing, ours, {})
            return True
        if fate in ("new", "changed"):
            row = self._rows.get((_KIND[type(thing)], thing.external_id))
            parts = dict(row.parts) if row is not None else {}
            self._remember(thing, self._write(thing, ours, parts), parts)
            return True
        return False

    def _named_alike(self, thing: Thing) -> OurComponent | ComponentGroup | None:
        """A component or heading that has the same name here, and came from nowhere else."""
        if isinstance(thing, Component):
            listed: list[Any] = list(known.all_components())
        elif isinstance(thing, Group):
            listed = list(known.all_groups())
        else:
            return None
        taken = {row.public_id for row in self._rows.values()}
        return next(
            (one for one in listed if one.name.lower() == thing.name.lower() and one.public_id not in taken), None
        )

    def _ours(self, kind: str, public_id: str) -> Any:
        if kind == "group":
            return known.find_group(public_id)
        if kind == "component":
            return known.find_component(public_id)
        if kind == "incident":
            return db.session.scalar(select(PublishedIncident).filter_by(public_id=public_id))
        return find_maintenance(public_id)

    def _remember(self, thing: Thing, ours: Any, parts: dict[str, str]) -> None:
        now = clock.now()
        key = (_KIND[type(thing)], thing.external_id)
        wanted = self._all_rows().filter_by(kind=key[0], external_id=key[1])
        row = (db.session.scalar(wanted) if key in self._rows else None) or Imported(
            source=self._found.source,
            origin=self._found.origin,
            kind=key[0],
            external_id=thing.external_id,
            imported_at=now,
        )
        row.public_id, row.link, row.parts = ours.public_id, getattr(thing, "link", None), parts
        row.seen, row.written, row.updated_at = print_of(thing), print_of(_as_it_is(ours)), now
        db.session.add(row)
        db.session.flush()
        self._rows[key] = _Known.of(row)

    def _public_id(self, kind: str, external_id: str | None) -> str | None:
        row = self._rows.get((kind, external_id or ""))
        if row is None:
            return None
        if row.public_id not in self._here:
            self._here[row.public_id] = self._ours(kind, row.public_id) is not None
        return row.public_id if self._here[row.public_id] else None

    # -- one kind after the other --------------------------------------------------------------------------------------

    def _write(self, thing: Thing, ours: Any, parts: dict[str, str]) -> Any:
        if isinstance(thing, Group):
            return known.add_group(thing.name) if ours is None else known.change_group(ours, name=thing.name)
        if isinstance(thing, Component):
            return self._write_component(thing, ours)
        if isinstance(thing, Incident):
            past = self._past(thing, parts)
            write = past_incidents
            return write.record(past, by=COMMAND_LINE) if ours is None else write.change(ours, past, by=COMMAND_LINE)
        return self._write_work(thing, ours)

    def _write_component(self, thing: Component, ours: OurComponent | None) -> OurComponent:
        facts: dict[str, Any] = {"description": thing.description or None, "starts_on": thing.starts_on}
        if ours is not None:
            return known.change_component(ours, name=thing.name, **facts)
        heading = self._public_id("group", thing.group)
        group = known.find_group(heading) if heading else None
        return known.add_component(thing.name, group=group, by_name=COMMAND_LINE.name, **facts)

    def _past(self, thing: Incident, parts: dict[str, str]) -> PastIncident:
        """With the components and the ids of here; ``parts`` gets those of texts that are new."""
        now = clock.now()
        texts = []
        seen: Counter[str] = Counter()
        for said in thing.updates:
            seen[said.external_id] += 1
            again = f" {seen[said.external_id]}" if seen[said.external_id] > 1 else ""
            named = {self._public_id("component", one): status for one, status in said.components.items()}
            own = {one: status for one, status in named.items() if one is not None}
            public_id = parts.setdefault(said.external_id + again, fresh_public_id())
            texts.append(PastText(public_id, said.body, said.status, min(said.at, now), own))
        return PastIncident(
            title=thing.title,
            impact=thing.impact,
            began_at=min(thing.began_at, now),
            ended_at=min(thing.ended_at, now),
            texts=texts,
            link=thing.link,
            told_by=self._told_by,
        )

    def _write_work(self, thing: Work, ours: Maintenance | None) -> Maintenance:
        starts_at, ends_at = to_the_minute(thing.starts_at), to_the_minute(thing.ends_at)
        problems = problems_with(starts_at, ends_at)
        if problems:
            raise Malformed(problems)
        named = (self._public_id("component", one) for one in thing.components)
        body = thing.body[:BODY_LENGTH]
        columns = planning.check(
            planning.Words(
                title=thing.title,
                body=body,
                body_html=str(render_markdown(body)),
                components=[one for one in named if one is not None],
                notify=False,
            )
        )
        if ours is None:
            ours = planning.add(columns, starts_at=starts_at, ends_at=ends_at)
        else:
            for name, value in columns.items():
                setattr(ours, name, value)
            ours.starts_at, ours.ends_at, ours.version = starts_at, ends_at, ours.version + 1
            ours.sequence += 1
        ours.updates[:] = [_note(said.body, min(said.at, clock.now())) for said in thing.notes]
        ours.over_at = ours.times.over_at
        ours.created_at = min(thing.announced_at, starts_at)
        ours.updated_at = max([ours.created_at, *(each.display_at for each in ours.updates)])
        db.session.flush()
        bump()
        return ours


def _note(body: str, at: datetime) -> MaintenanceUpdate:
    text = body[:BODY_LENGTH]
    return MaintenanceUpdate(
        public_id=fresh_public_id(),
        kind="note",
        body=text,
        body_html=str(render_markdown(text)),
        display_at=at,
        notify=False,
        created_at=at,
    )


def _as_it_is(ours: Any) -> Mapping[str, Any]:
    """What people can edit of it, as it is now."""
    if isinstance(ours, PublishedIncident):
        return {
            "title": ours.title,
            "times": [ours.began_at, ours.ended_at],
            "updates": sorted(
                [each.public_id, each.body, each.public_status, sorted(each.components.items()), each.display_at]
                for each in ours.updates
            ),
        }
    if isinstance(ours, Maintenance):
        return {
            "words": [ours.title, ours.body, sorted(ours.components)],
            "times": [ours.starts_at, ours.ends_at, ours.finished_at, ours.cancelled_at],
            "updates": sorted([each.kind, each.body, each.display_at] for each in ours.updates),
        }
    if isinstance(ours, OurComponent):
        return {"name": ours.name, "description": ours.description, "starts_on": ours.starts_on}
    return {"name": ours.name}


def _name(thing: Thing) -> str:
    return f"{_KIND[type(thing)].capitalize()} “{thing.title if isinstance(thing, Incident | Work) else thing.name}”"
