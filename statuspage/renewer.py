"""Keeps the prepared bytes of one process up to date: with the records, with the minute, and without the database.

Two threads: one asks the database, so that a database that hangs cannot hold up the other, which watches the minute
and renders. One process per machine renders each state; the others read its files.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from incidents.kernel import clock
from incidents.kernel.clock import to_the_minute
from incidents.kernel.database import reading
from incidents.kernel.doorbell import Doorbell
from incidents.kernel.glance import Glance
from incidents.kernel.languages import ENGLISH, speaking
from incidents.published.revision import tell_no_more, tell_on_change

from . import contents, page, records, records_file, tongues
from .look import version
from .older_pages import OlderPages, Unavailable
from .prepared import Document, Prepared, prepare
from .press import Made, Press, Print
from .records import Records
from .shelf import BUNDLES, MOVING, SETTLED, Bundle, Shelf, State
from .snapshot import Picture, draw
from .stored import Known
from .told import Told

_log = logging.getLogger("sevenbells.page")

POLL = 0.25  # seconds between two looks at the revision, where nothing tells of what is written
_REST = 5.0  # seconds, where something does
_SOON = 0.02  # seconds: what is written becomes visible a little later
_REVISION = "SELECT revision FROM page_revision"
_WAIT = 5.0  # seconds at most that rendering waits; whoever learns something wakes it, and so does the minute
DARK_AFTER = timedelta(seconds=120)
_MOST_REMEMBERED = 256
_MOST_BYTES = 8_000_000
_MOST_CAUGHT_UP = 32  # pages made on demand that are made anew by themselves, as the minute moves
_PATIENCE = 2.0  # seconds to wait for a neighbour that renders; then we render for ourselves
_HANGS = 2.0  # seconds after which a question without an answer counts as none
_READ_ANEW = timedelta(days=1)


class Renewer:
    """Prepares the page of one process. ``pages`` is replaced whole, never changed, so readers need no lock."""

    def __init__(self, engine: Engine, folder: Path, *, base: str) -> None:
        self.pages: dict[str, Prepared] = {}
        self.base = base
        self.shelf = Shelf(folder)
        self.picture: Picture | None = None
        self._engine, self._glance = engine, Glance(engine)
        self._told: Told | None = None
        self._known = Known()
        self._contact_at: datetime | None = None
        self._answers = True
        self._asking_since: float | None = None  # by the monotonic clock, while a question is under way
        self._state: State | None = None
        self.cannot_write = ""  # why the files on the disk are not those that are served
        self._marks_written: dict[str, str] = {}  # of the bundles as they lie on the disk
        # revision of the records there, and when they were read where that was by us
        self._records_written: tuple[int, datetime | None] | None = None
        self._rows_written: records_file.Kept = {}
        self.seen = b""  # the generation that ``pages`` belongs to
        self._press = Press(base=base)
        self._older = OlderPages(engine.connect, base=base)
        self._remembered: OrderedDict[str, tuple[Picture, Prepared | None]] = OrderedDict()
        self._asked: set[str] = set()  # for which of these somebody came since the picture changed
        self._before: Picture | None = None  # the picture before this one
        self._is_catching_up = False
        self._missing: dict[str, tuple[Picture, Document]] = {}
        self._asking, self._rendering, self._remembering = threading.RLock(), threading.RLock(), threading.Lock()
        self._render_now, self._stopped = threading.Event(), threading.Event()
        self._doorbell: Doorbell | None = None
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
        self._doorbell = doorbell = Doorbell(self._engine)
        tell_on_change(doorbell.ring)
        for name, work in (("asking", partial(self._keep_asking, doorbell)), ("rendering", self._keep_rendering)):
            thread = threading.Thread(target=work, name=f"page {name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Come back when both threads have ended."""
        self._stopped.set()
        self._render_now.set()
        doorbell, self._doorbell = self._doorbell, None
        if doorbell is not None:
            tell_no_more(doorbell.ring)
            doorbell.ring()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        if doorbell is not None:
            doorbell.close()
        self._glance.close()

    def renew_now(self) -> None:
        """Ask the database and render what has changed, in this very thread."""
        self._ask()
        self._bring_up_to_date()
        self._catch_up()

    def _keep_asking(self, doorbell: Doorbell) -> None:
        is_rung, is_seen, pause = False, True, POLL
        while not self._stopped.is_set():
            is_told, before = doorbell.tells(), self._glance.seen
            if self._ask(at_a_glance=True):
                self._render_now.set()
            # what has just been written becomes visible once the disk has it, perhaps after this look
            is_seen = self._glance.seen != before or (is_seen and not is_rung)
            pause = POLL if is_rung else _REST if is_seen else min(2 * pause, _REST)
            is_rung = doorbell.wait(pause if is_told else POLL)
            if is_rung:
                self._stopped.wait(_SOON)
                doorbell.wait(0)  # it rings for each part of what is written

    def _keep_rendering(self) -> None:
        while not self._stopped.is_set():
            self._render_now.clear()
            try:
                self._bring_up_to_date()
                self._catch_up()
            except Exception:  # noqa: BLE001 - the rim of a loop that must go on
                _log.exception("the page could not be renewed; what was prepared before stays")
            self._render_now.wait(min(_WAIT, self._until_the_minute()))

    def _until_the_minute(self) -> float:
        """Seconds; each process comes a little after another, so that the first has rendered for it."""
        now = clock.now()
        return 60 - now.second - now.microsecond / 1_000_000 + os.getpid() % 5 * POLL / 5

    # -- asking --------------------------------------------------------------------------------------------------------

    def _ask(self, *, at_a_glance: bool = False) -> bool:
        """Look at the revision, and read the records when it moved; whether there is something new."""
        with self._asking:
            now, self._asking_since = clock.now(), time.monotonic()
            try:
                told = None if at_a_glance and self._stands_still(now) else self._look(now)
            except Exception as broken:  # noqa: BLE001 - a damaged row is a database that cannot be believed
                self._note_silence(broken)
                return False
            finally:
                self._asking_since = None
            self._contact_at = now
            if not self._answers:
                _log.warning("the database answers again")
            self._answers = True
            if told is not None:
                self._told = told
            return told is not None

    def _stands_still(self, now: datetime) -> bool:
        """Whether the revision is the one we know: asked very often, and so without a transaction."""
        kept = self._told.records if self._told is not None else None
        return kept is not None and _is_fresh(kept, now) and (self._glance.last(_REVISION) or 0) == kept.revision

    def _look(self, now: datetime) -> Told | None:
        with reading(), self._engine.connect() as connection:
            return self._newer(connection, now)

    def _newer(self, connection: Connection, now: datetime) -> Told | None:
        kept = self._told.records if self._told is not None else None
        fresh = kept is not None and _is_fresh(kept, now)
        if kept is not None and fresh and records.revision(connection) == kept.revision:
            return None
        if not fresh:
            self._known = Known()  # once a day all of it, whatever became of the rows behind our back
        return Told(records.read(connection, now, self._known), before=self._told)

    def _note_silence(self, broken: Exception) -> None:
        if self._answers:
            _log.error("the database does not answer, the page goes on without it: %s", type(broken).__name__)
            if not isinstance(broken, SQLAlchemyError):
                _log.error("this is why", exc_info=broken)
        self._answers = False

    def _is_silent(self) -> bool:
        """Whether the database said no, or has said nothing at all for a while: a lost host never says no."""
        since = self._asking_since
        return not self._answers or (since is not None and time.monotonic() - since > _HANGS)

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
            is_dark = self._is_silent() and now - contact_at > DARK_AFTER
            minute = to_the_minute(now)
            wanted = State(told.records.revision, minute.isoformat(), version(), is_dark)
            picture = self.picture
            if picture is None or picture.told is not told or self._state != wanted:
                picture = draw(told, minute, dark_since=contact_at if is_dark else None)
                self._take(picture)
            if self._state == wanted:
                return
            with self.shelf.alone(patience=_PATIENCE) as is_alone:
                self._load_if_moved()
                if self._state != wanted:
                    self._render(picture, wanted, contact_at, may_write=is_alone)

    def _take(self, picture: Picture) -> None:
        self._is_catching_up = bool(self._asked)
        self._before, self.picture = self.picture, picture

    def _render(self, picture: Picture, wanted: State, contact_at: datetime, *, may_write: bool) -> None:
        made = self._press.make(picture)
        self.pages = {path: each.prepared for path, each in made.pages.items()}
        self._state = wanted
        if may_write:
            self._write(picture, wanted, contact_at, made)

    def _write(self, picture: Picture, state: State, contact_at: datetime, made: Print) -> None:
        try:
            self._write_records(picture.records)
            for name in BUNDLES:
                mark, beside = made.marks[name], made.marks[SETTLED]
                if name == MOVING or self._marks_written.get(name) != mark:
                    self.shelf.write(name, state, contact_at, _parts(made.bundles[name]), mark=mark, beside=beside)
                    self._marks_written[name] = mark
        except OSError as full:
            if not self.cannot_write:
                _log.error("the page's files could not be written, it is served from memory: %s", full.strerror)
            self.cannot_write = full.strerror or type(full).__name__
            return
        self.cannot_write = ""
        self.shelf.bump()
        self.seen = self.shelf.generation

    def _write_records(self, these: Records) -> None:
        if self._records_written not in ((these.revision, None), (these.revision, these.read_at)):
            self.shelf.write_bytes("records.json", records_file.as_json(these, self._rows_written))
            self._records_written = (these.revision, these.read_at)

    def _load_if_moved(self) -> None:
        if self.shelf.generation != self.seen:
            self._load()

    def _load(self) -> None:
        generation = self.shelf.generation
        found = settled, resting, moving = tuple(self.shelf.read(name) for name in BUNDLES)
        self.seen = generation
        self._marks_written = {name: each.mark for name, each in zip(BUNDLES, found, strict=True) if each is not None}
        if moving is None or resting is None:
            return
        self._records_written = (moving.state.revision, None)
        kept = settled.pages if settled is not None and _belongs(settled, moving) else {}
        self.pages = {**kept, **resting.pages, **moving.pages}
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

    def address(self, path: str, query: str) -> str:
        """The path, with the language behind it where the query asks for another that the page offers, and nothing else."""
        picture = self.picture
        if "lang=" not in query or picture is None or not contents.has_languages(path):
            return path
        return path + tongues.asks(tongues.of_query(query, picture.settings), picture.settings)

    def remembered(self, address: str) -> Prepared | None:
        """A page made on demand since the last change of records or minute; while they are made anew, the one before."""
        found = self._remembered.get(address)
        if found is None or not (found[0] is self.picture or (found[0] is self._before and self._is_catching_up)):
            return None
        self._asked.add(address)
        return found[1]

    def find(self, address: str) -> Prepared | None:
        """Whatever is published at this address (see ``address``); None where nothing is. Raises Unavailable."""
        if not self.pages:
            raise Unavailable
        return self.pages.get(address) or self.on_demand(address)

    def on_demand(self, address: str) -> Prepared | None:
        """Make a page that is not kept ready; None where nothing is published. Raises Unavailable."""
        picture = self.picture
        if picture is None:
            raise Unavailable
        found = self._remembered.get(address)
        if found is not None and found[0] is picture:
            return found[1]
        made = self._made_for(picture, address)
        with self._remembering:
            self._remembered[address] = (picture, made)
            self._remembered.move_to_end(address)
            self._forget_the_oldest()
        return made

    def _forget_the_oldest(self) -> None:
        bytes_kept = sum(made.size for _picture, made in self._remembered.values() if made is not None)
        while len(self._remembered) > _MOST_REMEMBERED or (bytes_kept > _MOST_BYTES and len(self._remembered) > 1):
            _address, (_picture, made) = self._remembered.popitem(last=False)
            bytes_kept -= made.size if made is not None else 0

    def _made_for(self, picture: Picture, address: str) -> Prepared | None:
        path, _mark, query = address.partition("?")
        language = tongues.of_query(query, picture.settings) if contents.has_languages(path) else ENGLISH
        with speaking(language, written_in=picture.settings.language):
            document = contents.in_memory(picture, path, base=self.base) or self._older.make(picture, path)
        return prepare(document) if document is not None else None

    def _catch_up(self) -> None:
        """Make anew what was asked for since the last time, so that nobody stands in line for it.

        Only languages of what is kept ready: those need no database, which may hang, and this thread must not.
        """
        if not self._is_catching_up:
            return
        asked, self._asked = self._asked, set()
        ready = [address for address in asked if address.partition("?")[0] in self.pages]
        try:
            for address in ready[:_MOST_CAUGHT_UP]:
                self.on_demand(address)
        finally:
            self._is_catching_up = False

    def missing(self, query: str = "") -> Document | None:
        """The page that says that nothing is published here: the same for what never was and what is withdrawn."""
        picture = self.picture
        if picture is None:
            return None
        language = tongues.of_query(query, picture.settings)
        kept = self._missing.get(language)
        if kept is None or kept[0] is not picture:
            with speaking(language, written_in=picture.settings.language):
                kept = self._missing[language] = (picture, page.missing(picture, base=self.base))
        return kept[1]

    def away(self, query: str = "") -> Document | None:
        """The page that says that this one cannot be made at present."""
        picture = self.picture
        if picture is None:
            return None
        with speaking(tongues.of_query(query, picture.settings), written_in=picture.settings.language):
            return page.away(picture, base=self.base)

    @property
    def trouble(self) -> str:
        """Why the files on the disk are not what is served; empty while they are."""
        return self.cannot_write or self.shelf.trouble


def _is_fresh(kept: records.Records, now: datetime) -> bool:
    return timedelta() <= now - kept.read_at < _READ_ANEW


def _belongs(settled: Bundle, moving: Bundle) -> bool:
    """A version of ours that knew no such bundle may have written since, and taken back what is in it."""
    is_newer = settled.state.revision > moving.state.revision  # its writer died before it came to the other
    return bool(moving.beside) and (settled.mark == moving.beside or is_newer)


def _parts(pages: Mapping[str, Made]) -> dict[str, tuple[Document, bytes]]:
    return {path: (made.document, made.compressed) for path, made in pages.items()}
