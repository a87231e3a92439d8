"""Tells subscribers: of each notice whose time has come, one message for everybody whom it concerns.

Nothing is remembered here: the notice's row says what is due, and the outbox refuses what is there already. So any number of
clocks may do it at once, and one that is killed in the middle leaves a notice that nobody has heard of yet.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from flask import Flask, current_app
from sqlalchemy import Select, String, cast, func, literal, literal_column, select, update
from sqlalchemy.exc import OperationalError

from ..kernel import clock, outbox
from ..kernel.database import db, reading, writing
from ..kernel.languages import ENGLISH, speaking
from ..kernel.settings import Settings
from ..messages import public_components, public_updates, public_works
from ..messages.public_news import News, surroundings
from ..policy.maintenance import OVER, RUNNING
from ..published import audience, notices
from ..published.audience import Group, Scope
from ..published.components import find_component
from ..published.incidents import PublishedIncident, PublishedUpdate
from ..published.maintenances import Maintenance
from ..published.notices import Notice
from ..published.subscribers import EMAIL, STANDARD, STATUSPAGE, WEBHOOK, Subscriber
from .rest import seconds_until_the_next

STALE = timedelta(days=1)  # what ended meanwhile is news to nobody
# the retries of a message end after a day; one that was held up longer would only mislead
_EXPIRES = timedelta(hours=26)
_MOST_WAITING = 500
_NEXT_TRY_AFTER = timedelta(minutes=1)
_REST, _BEFORE_ANOTHER_TRY = 1.0, 1.0  # seconds
_RESTS = 3  # of them pass without a look, where nobody wakes it
_ELSE = {EMAIL: ENGLISH, WEBHOOK: STANDARD}

WITHDRAWN = "The update was withdrawn."
BEGUN = "The maintenance had begun before this could be told."
TOO_LATE = "It was more than a day late, and the {what} was over."
GONE = "The page does not list this component any more."
BACK = "It was set back before this could be told."
FOLDED = "Told together with what came after it."

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A notice with everything that is to be written of it; ``reason`` where nobody is to be told."""

    id: int
    key: str
    folded: Sequence[int] = ()  # earlier ones about the same thing, which this one stands for
    reason: str | None = None
    is_postponed: bool = False
    incident_id: int | None = None
    fold_key: str = ""
    scope: Scope = field(default_factory=Scope)
    bodies: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)  # by kind, and language or shape
    left_out: Mapping[str, int] = field(default_factory=dict)
    seen: tuple[int, datetime] | None = None  # of which published incident it was made, and when that had changed last


def fan_out_due_notices() -> int:
    """Make messages of every notice whose time has come, and commit each; how many messages are new.

    Where several about one thing wait, the newest is told and says so. One that breaks is tried again in a minute.
    """
    written = 0
    while (prepared := _prepare_next()) is not None:
        written += write(prepared)
    return written


def next_due_at() -> datetime | None:
    """When the next notice is due; None while none waits."""
    with reading():
        db.session.rollback()
        moment: datetime | None = db.session.scalar(_next())
        db.session.rollback()
    return moment


def asking_when(name: str) -> Select[str, Any]:
    """That question, with this name beside the answer."""
    return select(literal_column(f"'{name}'", String).label("name"), _next().scalar_subquery().label("at"))


def _next() -> Select[Any]:
    return select(func.min(Notice.due_at)).where(Notice.fanned_out_at.is_(None))


# ---- what is to be told ----


def _prepare_next() -> Prepared | None:
    """The next one that is due, rendered before anything is locked."""
    with reading():
        db.session.rollback()
        waiting = notices.waiting(_MOST_WAITING)
        due = [notice for notice in waiting if notice.due_at <= clock.now()]
        if not due:
            db.session.rollback()
            return None
        about_one = [notice for notice in due if notice.subject == due[0].subject]
        newest = about_one[-1]
        earlier = [each for each in waiting if each.subject == newest.subject and each.id < newest.id]
        prepared = _prepared_or_postponed(newest, earlier)
        db.session.rollback()
    return prepared


def _prepared_or_postponed(notice: Notice, earlier: Sequence[Notice]) -> Prepared:
    try:
        return _PREPARE[notice.kind.partition(".")[0]](notice, earlier)
    except OperationalError:
        raise  # the database is away, which no notice is to blame for
    except Exception:  # one notice that cannot be told must not silence the others: its row says when it is tried again
        log.exception("notice_not_told", key=notice.key)
        return Prepared(id=notice.id, key=notice.key, is_postponed=True)


def _of_update(notice: Notice, earlier: Sequence[Notice]) -> Prepared:
    told = db.session.scalar(select(PublishedUpdate).where(PublishedUpdate.public_id == notice.facts["update"]))
    if told is None:
        return _nobody(notice, earlier, WITHDRAWN)
    if _is_stale(notice) and not told.incident.is_open:
        return _nobody(notice, earlier, TOO_LATE.format(what="incident"))
    news = public_updates.news_of(told, surroundings(), earlier=len(earlier))
    seen = (told.incident.id, told.incident.updated_at)
    return _prepared(notice, earlier, news, Scope(components=_touched(told.incident)), seen=seen)


def _touched(incident: PublishedIncident) -> frozenset[str]:
    """By any of its updates: whoever heard that it began hears how it goes on."""
    return audience.touched(update.components for update in incident.updates)


def _of_maintenance(notice: Notice, earlier: Sequence[Notice]) -> Prepared:
    work = db.session.get_one(Maintenance, notice.maintenance_id)
    what = notice.kind.partition(".")[2]
    if what == "reminder" and work.state in (*RUNNING, *OVER):
        return _nobody(notice, earlier, BEGUN)
    if _is_stale(notice) and work.state in OVER:
        return _nobody(notice, earlier, TOO_LATE.format(what="maintenance"))
    facts = dict(notice.facts)
    for each in earlier:  # the oldest of the old times is the one that people know
        for name in ("was_starts_at", "was_ends_at"):
            if name in each.facts:
                facts = {**facts, name: each.facts[name]}
                break
    news = public_works.news_of(work, what, facts, surroundings())
    return _prepared(notice, earlier, news, Scope(components=frozenset(work.components), is_maintenance=True))


def _of_component(notice: Notice, earlier: Sequence[Notice]) -> Prepared:
    known = find_component(str(notice.facts["id"]))
    if known is None or not known.is_shown:
        return _nobody(notice, earlier, GONE)
    if _is_stale(notice):
        return _nobody(notice, earlier, TOO_LATE.format(what="change"))
    facts = {**notice.facts, "was": (earlier[0] if earlier else notice).facts["was"]}
    if facts["was"] == known.status:
        return _nobody(notice, earlier, BACK)
    news = public_components.news_of(known, facts, surroundings())
    return _prepared(notice, earlier, news, Scope(components=[known.public_id], webhooks_only=True))


_PREPARE: Mapping[str, Callable[[Notice, Sequence[Notice]], Prepared]] = {
    "incident": _of_update,
    "maintenance": _of_maintenance,
    "component": _of_component,
}


def _is_stale(notice: Notice) -> bool:
    return clock.now() - notice.due_at > STALE


def _nobody(notice: Notice, earlier: Sequence[Notice], reason: str) -> Prepared:
    return Prepared(id=notice.id, key=notice.key, folded=[each.id for each in earlier], reason=reason)


def _prepared(
    notice: Notice,
    earlier: Sequence[Notice],
    news: News,
    scope: Scope,
    *,
    seen: tuple[int, datetime] | None = None,
) -> Prepared:
    return Prepared(
        id=notice.id,
        key=notice.key,
        folded=[each.id for each in earlier],
        incident_id=notice.incident_id,
        fold_key=news.fold_key,
        scope=scope,
        bodies=_bodies(news, audience.groups(scope)),
        left_out=audience.left_out(scope),
        seen=seen,
    )


def _bodies(news: News, groups: Sequence[Group]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """One for each language that is read and each shape that is asked for; those of ``_ELSE`` for whoever comes meanwhile."""
    bodies: dict[tuple[str, str], Mapping[str, Any]] = {}
    for kind, form in {*_ELSE.items(), *(_form_of(group) for group in groups)}:
        if kind == WEBHOOK:
            bodies[kind, form] = news.statuspage() if form == STATUSPAGE else news.standard()
        elif news.letter is not None:
            with speaking(form):
                bodies[kind, form] = news.letter().payload()
    return bodies


def _form_of(group: Group) -> tuple[str, str]:
    return group.kind, group.language if group.kind == EMAIL else group.shape


# ---- writing it down ----


def write(prepared: Prepared) -> int:
    """Everything of one notice in one transaction; nothing where somebody was faster, or edited it meanwhile."""
    with writing():
        db.session.rollback()
        notices.one_at_a_time()
        if not _is_as_it_was(prepared):
            db.session.rollback()
            return 0
        ids = [prepared.id, *prepared.folded]
        still = set(
            db.session.scalars(
                select(Notice.id).where(Notice.id.in_(ids), Notice.fanned_out_at.is_(None)).with_for_update()
            )
        )
        if prepared.id not in still:
            db.session.rollback()
            return 0
        written = _settle_all(prepared)
        db.session.commit()
    return written


def _settle_all(prepared: Prepared) -> int:
    now = clock.now()
    if prepared.is_postponed:
        _settle([prepared.id], due_at=now + _NEXT_TRY_AFTER)
        return 0
    _settle(prepared.folded, fanned_out_at=now, reason=prepared.reason or FOLDED)
    if prepared.reason is not None:
        _settle([prepared.id], fanned_out_at=now, reason=prepared.reason)
        return 0
    written = _fan_out(prepared)
    told = {
        **_as_told(prepared.scope),
        "to": written,
        "left_out": prepared.left_out,
        "stands_for": len(prepared.folded),
    }
    _settle([prepared.id], fanned_out_at=now, told=told)
    return written


def _is_as_it_was(prepared: Prepared) -> bool:
    """Whether nobody edited the incident since this was rendered; else it is rendered anew, with the new words."""
    if prepared.seen is None:
        return True
    number, seen_at = prepared.seen
    return seen_at == db.session.scalar(select(PublishedIncident.updated_at).where(PublishedIncident.id == number))


def _settle(ids: Sequence[int], **values: Any) -> None:
    if ids:
        still = update(Notice).where(Notice.id.in_(ids), Notice.fanned_out_at.is_(None))
        db.session.execute(still.values(**values), execution_options={"synchronize_session": False})


def _as_told(scope: Scope) -> dict[str, Any]:
    """What the log needs to say later why somebody was not told."""
    return {
        "components": sorted(scope.components),
        "maintenance": scope.is_maintenance,
        "webhooks_only": scope.webhooks_only,
    }


def _fan_out(prepared: Prepared) -> int:
    expires_at, written = clock.now() + _EXPIRES, 0
    for (kind, form), body in prepared.bodies.items():
        written += outbox.fan_out(
            event=prepared.key,
            channel=kind,
            body=body,
            to=_recipients(prepared, kind, form),
            incident_id=prepared.incident_id,
            fold_key=prepared.fold_key,
            expires_at=expires_at,
        )
    return written


def _recipients(prepared: Prepared, kind: str, form: str) -> Any:
    """Of those who are told everybody who gets this form; the usual one goes to whoever asked for none of the others."""
    is_mail = kind == EMAIL
    asked_for = Subscriber.language if is_mail else Subscriber.shape
    others = [other for its_kind, other in prepared.bodies if its_kind == kind and other != form]
    gets_it = asked_for.not_in(others) if form == _ELSE[kind] else asked_for == form
    destination = Subscriber.email if is_mail else literal("subscriber:", String).concat(cast(Subscriber.id, String))
    return select(destination.label("destination"), own().label("own")).where(
        audience.hears(prepared.scope), Subscriber.kind == kind, gets_it
    )


def own() -> Any:
    """What differs from one to the next: the address of their own page."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    base = f"{settings.page_url or settings.base_url}/subscriptions/"
    build = func.jsonb_build_object if db.engine.dialect.name == "postgresql" else func.json_object
    return build(literal("unsubscribe", String), literal(base, String).concat(Subscriber.token))


# ---- by the clock ----


class Teller(threading.Thread):
    """Looks when a notice is due, when it is woken and now and then; wakes the lanes when something is to be sent."""

    def __init__(
        self, app: Flask, stop: threading.Event, *, wake: Callable[[], None] = lambda: None, rest: float = _REST
    ) -> None:
        super().__init__(name="teller", daemon=True)
        self.app, self._stopped, self._wake, self._rest = app, stop, wake, rest
        self.sign: Callable[[], None] = lambda: None  # called after each look: the watchdog listens
        self._woken = threading.Event()

    def wake(self) -> None:
        """Another notice may be due, or it is time to end."""
        self._woken.set()

    def run(self) -> None:
        with self.app.app_context():
            while not self._stopped.is_set():
                self._sleep(self.look())

    def _sleep(self, pause: float) -> None:
        """So many seconds, or until somebody wakes it; saying at each rest that it lives."""
        until = time.monotonic() + pause
        is_woken = False
        while not is_woken and (left := until - time.monotonic()) > 0:
            self.sign()
            is_woken = self._woken.wait(min(left, seconds_until_the_next(self._rest)))
        self._woken.clear()

    def look(self) -> float:
        """Tell what is due; answers how many seconds to wait."""
        try:
            if fan_out_due_notices():
                self._wake()
            due_at = next_due_at()
        except Exception as broken:  # noqa: BLE001 - the database may be away: what is due stays due
            log.warning("teller_could_not_look", cause=str(getattr(broken, "orig", broken)))
            db.session.remove()
            return _BEFORE_ANOTHER_TRY
        longest = _RESTS * self._rest
        if due_at is None:
            return longest
        return min(longest, max(0.05, (due_at - clock.now()).total_seconds()))
