"""Keeps a mirror: what was withdrawn is taken away first, then what changed is written, the first page last of all.

Other hosts have no clock of ours, so what moves with time is written when it does: each minute while an incident is open or
announced work is on, at once when a state or a day turns, and else every five minutes for "as of".
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Hashable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from incidents.kernel import clock
from incidents.kernel.clock import to_the_minute
from incidents.kernel.database import reading
from incidents.kernel.languages import ENGLISH, speaking
from incidents.policy.components import ComponentStatus

from .. import contents, page, records, tongues
from ..older_pages import OlderPages
from ..prepared import Document
from ..press import Press
from ..snapshot import Picture, draw
from ..stored import Known
from ..told import Told
from . import rest
from .index import NOTHING, Index, Kept
from .place import File, Place
from .static import address, as_static

AS_OF_EVERY = timedelta(minutes=5)
_READ_ANEW = timedelta(days=1)
_AT_A_TIME = 2.0  # seconds for what can wait; what cannot comes in between
_MISSING = "/404.html"
# a host of files could only send it as what it is not; every page carries its own
_NOT_MIRRORED = frozenset({"/favicon.ico"})
_LISTS = ("/history", "/api/", "/maintenance.ics", "/badge", "/embed", "/sitemap.xml")


class Interrupted(Exception):
    """Somebody else may keep the mirror now."""


@dataclass(slots=True)
class Round:
    """What one round did. ``is_whole`` when the mirror now agrees with the page, and nothing waits for its turn."""

    written: int = 0
    size: int = 0  # bytes written
    removed: int = 0
    files: int = 0
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class _Later:
    """A page that is made when there is time, and only when its cause is another than that of what lies there."""

    path: str
    language: str | None  # None: the page's own
    cause: str
    name: str


class Mirror:
    """One process's; of many processes one keeps it at a time. ``base`` is what the page's links begin with."""

    def __init__(self, engine: Engine, place: Place, *, base: str) -> None:
        self.place = place
        self._engine = engine
        self._base = base
        self._index = Index(place)
        self._press = Press(base=base)
        self._older = OlderPages(engine.connect, base=base)
        self._told: Told | None = None
        self._known = Known()
        self._everything = rest.Everything((), ())
        self._kept_by: Hashable = None  # under which term, and on which day
        self._seen: Hashable = None  # what the last round that was whole had in view
        self._written_at: datetime | None = None
        self._may_go_on: Callable[[], bool] = lambda: True

    @property
    def name(self) -> str:
        """Where it lies, without secrets."""
        return self.place.name

    def bring_up_to_date(
        self, *, term: int | None = None, may_go_on: Callable[[], bool] = lambda: True
    ) -> Round | None:
        """Do what is due; None when nothing is. Raises MirrorTrouble, and SQLAlchemyError while the database is away.

        Under another ``term`` than before somebody else may have kept it meanwhile, and what lies there is looked at
        anew. ``may_go_on`` is asked before each file; Interrupted is raised where it says no.
        """
        self._may_go_on = may_go_on
        picture = self._look()
        # another holder, or another day: whatever became of it over there is found out and mended
        if (term, picture.today) != self._kept_by:
            self._forget()
        self._kept_by = (term, picture.today)
        seen = _in_view(picture)
        if seen == self._seen and self._written_at and picture.minute - self._written_at < AS_OF_EVERY:
            return None
        try:
            did = self._go_round(picture)
        except BaseException:
            self._forget()
            raise
        self._seen = seen if did.is_whole else None
        return did

    def _forget(self) -> None:
        """Look again at what lies there."""
        self._index.forget()
        self._seen = None

    def _go_round(self, picture: Picture) -> Round:
        did = Round()
        ready = self._ready(picture)
        later = self._what_can_wait(picture, ready)
        self._take_away_all_but({self.place.name_of(path) for path in ready} | {each.name for each in later}, did)
        for path in sorted(ready, key=_order):
            with _speaking(picture, path):
                self._write(self.place.name_of(path), ready[path], did)
        self._written_at = picture.minute
        did.is_whole = self._make_what_can_wait(picture, later, did)
        self._index.keep(at_once=did.is_whole)
        did.files = len(self._index.files)
        return did

    def _look(self) -> Picture:
        now, told = clock.now(), self._told
        with reading(), self._engine.connect() as connection:
            fresh = told is not None and timedelta() <= now - told.records.read_at < _READ_ANEW
            if told is None or not fresh or records.revision(connection) != told.records.revision:
                self._known = self._known if fresh else Known()
                told = Told(records.read(connection, now, self._known), before=told)
                self._everything = rest.read(connection)
        self._told = told
        return draw(told, to_the_minute(now))

    def _ready(self, picture: Picture) -> Mapping[str, Document]:
        made = self._press.make(picture)
        found = {path: each.document for path, each in made.pages.items()}
        with _speaking(picture, "/"):
            found[_MISSING] = page.missing(picture, base=self._base)
        return {path: each for path, each in found.items() if path not in _NOT_MIRRORED}

    def _take_away_all_but(self, names: set[str], did: Round) -> None:
        files = self._index.files
        for name in [each for each in files if each not in names]:
            self._ask_whether_to_go_on()
            self.place.remove(name)
            del files[name]
            did.removed += 1
        new = [name for name in names if name not in files]
        files.update((name, Kept()) for name in new)
        if new or did.removed:
            self._index.keep(at_once=True)  # before they are there: what a crash leaves is still ours to take away

    def _what_can_wait(self, picture: Picture, ready: Mapping[str, Document]) -> list[_Later]:
        """What is kept ready in the other languages, then everything else in all of them; what changed last first."""
        others = [code for code in tongues.offered(picture.settings) if code != picture.settings.language]
        causes = {
            path: hashlib.sha256(ready[path].body).hexdigest()[:12]
            for path in sorted(ready, key=_order, reverse=True)
            if contents.has_languages(path)
        }
        rest_of_it = rest.addresses(picture, self._everything, without=ready)
        found = [self._later(path, cause, code) for path, cause in causes.items() for code in others]
        for path, cause in rest_of_it.items():
            codes = (None, *others) if contents.has_languages(path) else (None,)
            found += [self._later(path, cause, code) for code in codes]
        return found

    def _later(self, path: str, cause: str, language: str | None) -> _Later:
        return _Later(path, language, cause, self.place.name_of(address(path, language)))

    def _make_what_can_wait(self, picture: Picture, later: list[_Later], did: Round) -> bool:
        """Whether all of it is done."""
        until = time.monotonic() + _AT_A_TIME
        for each in later:
            kept = self._index.files[each.name]
            if kept.cause == each.cause and kept.digest:
                continue
            if time.monotonic() > until:
                return False
            with _speaking(picture, each.path, each.language):
                document = contents.in_memory(picture, each.path, base=self._base) or self._older.make(
                    picture, each.path
                )
                if document is not None:
                    self._write(each.name, document, did)
                elif kept.digest != NOTHING:  # a month that is not over has no archive; or it was withdrawn just now
                    self._ask_whether_to_go_on()
                    self.place.remove(each.name)
                    kept.digest = NOTHING
            kept.cause = each.cause
        return True

    def _write(self, name: str, document: Document, did: Round) -> None:
        """Put a page there, unless it lies there already."""
        body = as_static(document)
        digest = hashlib.sha256(document.content_type.encode() + b"\n" + body).hexdigest()[:16]
        kept = self._index.files[name]
        if kept.digest != digest:
            self._ask_whether_to_go_on()
            kept.digest = ""  # until it is done nobody knows what lies there
            self.place.write(name, File(document.content_type, body))
            kept.digest = digest
            did.written, did.size = did.written + 1, did.size + len(body)

    def _ask_whether_to_go_on(self) -> None:
        if not self._may_go_on():
            raise Interrupted


def _in_view(picture: Picture) -> Hashable:
    """Two of these are equal when nothing but "as of" differs between their pages."""
    moves = bool(picture.open_incidents or picture.running) or picture.state != ComponentStatus.OPERATIONAL
    minute = picture.minute if moves else None
    offset = picture.minute.astimezone(picture.zone).utcoffset()
    states = picture.told.standing(picture.minute).states
    return (picture.records.revision, states, picture.state, picture.today, offset, minute)


def _speaking(picture: Picture, path: str, language: str | None = None) -> AbstractContextManager[None]:
    """In the language asked for, else in the page's own; what programs read is in English."""
    own = picture.settings.language
    return speaking(language or (own if contents.has_languages(path) else ENGLISH), written_in=own)


def _order(path: str) -> int:
    """Single pages first, then what lists them, then the first page of all: no link leads to what is not there yet."""
    return 2 if path == "/" else int(path.startswith(_LISTS))
