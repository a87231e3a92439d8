"""Keeps the prepared bytes of one process up to date: with the records, with the minute, and without the database.

Two threads: one asks the database, so that a database that hangs cannot hold up the other, which watches the minute
and renders. One process per machine renders each state; the others read its files.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from incidents.kernel import clock
from incidents.kernel.clock import to_the_minute
from incidents.kernel.database import reading
from incidents.published.revision import tell_no_more, tell_on_change

from . import contents, page, records, records_file, wayfinding, work_records
from .look import version
from .prepared import Document, Prepared, compress, prepare
from .shelf import Shelf, State
from .snapshot import Picture, draw
from .told import Told

_log = logging.getLogger("sevenbells.page")

POLL = 0.25  # seconds between two looks at the revision
DARK_AFTER = timedelta(seconds=120)
_MOST_REMEMBERED = 256
_PATIENCE = 2.0  # seconds to wait for a neighbour that renders; then we render for ourselves
_READ_ANEW = timedelta(days=1)


class Unavailable(Exception):
    """The database does not answer, and nothing that we keep can."""


@dataclass(frozen=True, slots=True)
class _Made:
    """One document as it was made last, and what it was made from."""

    document: Document
    compressed: bytes
    prepared: Prepared


class Renewer:
    """Prepares the page of one process. ``pages`` is replaced whole, never changed, so readers need no lock."""

    def __init__(self, engine: Engine, folder: Path, *, base: str) -> None:
        self.pages: dict[str, Prepared] = {}
        self.base = base
        self.shelf = Shelf(folder)
        self.picture: Picture | None = None
        self._engine = engine
        self._told: Told | None = None
        self._contact_at: datetime | None = None
        self._answers = True
        self._state: State | None = None
        self.seen = b""  # the generation that ``pages`` belongs to
        self._sheets: dict[str, tuple[Hashable, dict[str, _Made]]] = {}
        self._remembered: OrderedDict[str, tuple[Picture, Prepared | None]] = OrderedDict()
        self._missing: tuple[Picture, Document] | None = None
        self._asking, self._rendering, self._remembering = threading.RLock(), threading.RLock(), threading.Lock()
        self._ask_now, self._render_now, self._stopped = threading.Event(), threading.Event(), threading.Event()
        self._threads: list[threading.Thread] = []
        self._load()

    # -- being driven --------------------------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        return bool(self._threads)

    def start(self) -> None:
        """Ask and render in two threads of our own until ``stop``."""
        if self._threads:
            return
        self._stopped.clear()
        tell_on_change(self._ask_now.set)
        for work in (self._keep_asking, self._keep_rendering):
            thread = threading.Thread(target=work, name=f"page {work.__name__}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Come back when both threads have ended."""
        tell_no_more(self._ask_now.set)
        self._stopped.set()
        self._ask_now.set()
        self._render_now.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def renew_now(self) -> None:
        """Ask the database and render what has changed, in this very thread."""
        self._ask()
        self._bring_up_to_date()

    def _keep_asking(self) -> None:
        while not self._stopped.is_set():
            self._ask_now.clear()
            try:
                if self._ask():
                    self._render_now.set()
            except Exception:  # noqa: BLE001 - the rim of a loop that must go on
                _log.exception("the page's records could not be read; trying again")
            self._ask_now.wait(POLL)

    def _keep_rendering(self) -> None:
        while not self._stopped.is_set():
            self._render_now.clear()
            try:
                self._bring_up_to_date()
            except Exception:  # noqa: BLE001 - the rim of a loop that must go on
                _log.exception("the page could not be renewed; what was prepared before stays")
            self._render_now.wait(POLL)

    # -- asking --------------------------------------------------------------------------------------------------------

    def _ask(self) -> bool:
        """Look at the revision, and read the records when it moved; whether there is something new."""
        with self._asking:
            now = clock.now()
            try:
                with reading(), self._engine.connect() as connection:
                    told = self._newer(connection, now)
            except SQLAlchemyError as broken:
                self._note_silence(broken)
                return False
            self._contact_at = now
            if not self._answers:
                _log.warning("the database answers again")
            self._answers = True
            if told is not None:
                self._told = told
            return told is not None

    def _newer(self, connection: Connection, now: datetime) -> Told | None:
        kept = self._told.records if self._told is not None else None
        fresh = kept is not None and timedelta() <= now - kept.read_at < _READ_ANEW
        if kept is not None and fresh and records.revision(connection) == kept.revision:
            return None
        return Told(records.read(connection, now), before=self._told)

    def _note_silence(self, broken: SQLAlchemyError) -> None:
        if self._answers:
            _log.error("the database does not answer, the page goes on without it: %s", type(broken).__name__)
        self._answers = False

    # -- rendering -----------------------------------------------------------------------------------------------------

    def look_again(self) -> None:
        """A neighbour has written: read its files, unless somebody in this process already does."""
        if self._rendering.acquire(blocking=False):
            try:
                self._load_if_moved()
            finally:
                self._rendering.release()

    def _bring_up_to_date(self) -> None:
        with self._rendering:
            self._load_if_moved()
            told = self._told
            if told is None:
                return
            now = clock.now()
            contact_at = self._contact_at or told.records.read_at
            is_dark = not self._answers and now - contact_at > DARK_AFTER
            minute = to_the_minute(now)
            wanted = State(told.records.revision, minute.isoformat(), version(), is_dark)
            if self.picture is None or self.picture.told is not told or self._state != wanted:
                self.picture = draw(told, minute, dark_since=contact_at if is_dark else None)
            if self._state == wanted:
                return
            with self.shelf.alone(patience=_PATIENCE) as is_alone:
                self._load_if_moved()
                if self._state != wanted:
                    self._render(self.picture, wanted, contact_at, may_write=is_alone)

    def _render(self, picture: Picture, wanted: State, contact_at: datetime, *, may_write: bool) -> None:
        moving: dict[str, _Made] = {}
        resting: dict[str, _Made] = {}
        sheets: dict[str, tuple[Hashable, dict[str, _Made]]] = {}
        rest_changed = False
        for sheet in contents.sheets(picture, base=self.base):
            kept = self._sheets.get(sheet.name)
            if kept is None or kept[0] != sheet.depends_on:
                before = kept[1] if kept else {}
                kept = (sheet.depends_on, {path: _made(new, before.get(path)) for path, new in sheet.make().items()})
                rest_changed |= not sheet.moves
            sheets[sheet.name] = kept
            (moving if sheet.moves else resting).update(kept[1])
        rest_changed |= sheets.keys() != self._sheets.keys()
        self._sheets = sheets
        self.pages = {path: made.prepared for path, made in {**resting, **moving}.items()}
        self._state = wanted
        if may_write:
            self._write(picture, wanted, contact_at, moving, resting if rest_changed else None)

    def _write(
        self,
        picture: Picture,
        state: State,
        contact_at: datetime,
        moving: dict[str, _Made],
        resting: dict[str, _Made] | None,
    ) -> None:
        try:
            if resting is not None:
                self.shelf.write("resting", state, contact_at, _parts(resting))
                self.shelf.write_bytes("records.json", records_file.as_json(picture.records))
            self.shelf.write("moving", state, contact_at, _parts(moving))
        except OSError as full:
            _log.error("the page's files could not be written, it is served from memory: %s", full.strerror)
            return
        self.shelf.bump()
        self.seen = self.shelf.generation

    def _load_if_moved(self) -> None:
        if self.shelf.generation != self.seen:
            self._load()

    def _load(self) -> None:
        generation = self.shelf.generation
        moving, resting = self.shelf.read("moving"), self.shelf.read("resting")
        self.seen = generation
        if moving is None or resting is None:
            return
        self.pages = {**resting.pages, **moving.pages}
        self._state = moving.state
        self._contact_at = max(self._contact_at or moving.contact_at, moving.contact_at)
        if self._told is None or self._told.records.revision != moving.state.revision:
            self._adopt_records()

    def _adopt_records(self) -> None:
        """Take over what a neighbour, or the process before us, has read; unless we have read later."""
        kept = self.shelf.read_bytes("records.json")
        try:
            found = records_file.from_json(kept) if kept is not None else None
        except (ValueError, KeyError, TypeError, AttributeError):
            _log.error("records.json is damaged; the bytes beside it are served as they are")
            return
        ours = self._told.records if self._told is not None else None
        if found is not None and (ours is None or (found.read_at, found.revision) > (ours.read_at, ours.revision)):
            self._told = Told(found, before=self._told)

    # -- what is not kept ready ----------------------------------------------------------------------------------------

    def remembered(self, path: str) -> Prepared | None:
        """A page made on demand since the last change of records or minute."""
        found = self._remembered.get(path)
        return found[1] if found is not None and found[0] is self.picture else None

    def find(self, path: str) -> Prepared | None:
        """Whatever is published at this address; None where nothing is. Raises Unavailable."""
        if not self.pages:
            raise Unavailable
        return self.pages.get(path) or self.on_demand(path)

    def on_demand(self, path: str) -> Prepared | None:
        """Make a page that is not kept ready; None where nothing is published. Raises Unavailable."""
        picture = self.picture
        if picture is None:
            raise Unavailable
        found = self._remembered.get(path)
        if found is not None and found[0] is picture:
            return found[1]
        document = self._make(picture, path)
        made = prepare(document) if document is not None else None
        with self._remembering:
            self._remembered[path] = (picture, made)
            self._remembered.move_to_end(path)
            while len(self._remembered) > _MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        return made

    def missing(self) -> Document | None:
        """The page that says that nothing is published here: the same for what never was and what is withdrawn."""
        picture = self.picture
        if picture is None:
            return None
        if self._missing is None or self._missing[0] is not picture:
            self._missing = (picture, page.missing(picture, base=self.base))
        return self._missing[1]

    def _make(self, picture: Picture, path: str) -> Document | None:
        if found := contents.COMPONENT.fullmatch(path):
            return contents.component(picture, found[1], base=self.base)
        if found := contents.INCIDENT.fullmatch(path):
            return self._older_incident(picture, found[1], form=found[2])
        if found := contents.MAINTENANCE.fullmatch(path):
            return self._older_work(picture, found[1])
        if found := contents.MONTH.fullmatch(path):
            return self._older_month(picture, int(found[1]), int(found[2]), form=found[3])
        if path == "/sitemap.xml":
            return wayfinding.sitemap(picture, base=self.base)
        return contents.beside_component(picture, path, base=self.base)

    def _older_incident(self, picture: Picture, public_id: str, *, form: str | None) -> Document | None:
        row = next((each.row for each in picture.incidents if each.id == public_id), None)
        if row is None:
            try:
                with reading(), self._engine.connect() as connection:
                    row = records.read_incident(connection, public_id)
            except SQLAlchemyError:
                raise Unavailable from None
        return contents.older_incident(picture, row, form=form, base=self.base) if row else None

    def _older_work(self, picture: Picture, public_id: str) -> Document | None:
        row = next((each.row for each in picture.told.works if each.id == public_id), None)
        if row is None:
            try:
                with reading(), self._engine.connect() as connection:
                    row = work_records.read_work(connection, public_id)
            except SQLAlchemyError:
                raise Unavailable from None
        return contents.maintenance(picture, row, base=self.base) if row else None

    def _older_month(self, picture: Picture, year: int, month: int, *, form: str | None) -> Document | None:
        bounds = contents.month_bounds(picture, year, month)
        if bounds is None:
            return None
        first, start, end = bounds
        try:
            with reading(), self._engine.connect() as connection:
                found = records.read_between(connection, start, end)
                works = work_records.read_works_between(connection, start, end)
        except SQLAlchemyError:
            raise Unavailable from None
        return contents.older_month(picture, first, found, works, form=form, base=self.base)


def _made(document: Document, before: _Made | None) -> _Made:
    """The document with its gzip; where the body came out the same, the old one stands."""
    if before is not None and before.document == document:
        return before
    compressed = compress(document.body)
    return _Made(document, compressed, prepare(document, compressed))


def _parts(pages: dict[str, _Made]) -> dict[str, tuple[Document, bytes]]:
    return {path: (made.document, made.compressed) for path, made in pages.items()}
