"""The environment, read and checked once; every problem is reported at once."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar, cast
from urllib.parse import urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
LogFormat = Literal["text", "json"]

# Keys that ship in tutorials and example files: whoever has read one can forge a session.
_FAMOUS_KEYS = frozenset(
    {"dev", "changeme", "change-me", "secret", "secret-key", "supersecretkey", "you-will-never-guess"}
)
_SHORTEST_KEY = 32

T = TypeVar("T")


class SettingsError(Exception):
    """The environment cannot be used; ``problems`` holds one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Settings:
    """What the operator chose. Names follow the environment's (see docs/settings.md)."""

    data_dir: Path
    database_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    secret_key_old: str | None = field(repr=False)
    base_url: str
    page_url: str | None
    host: str
    port: int
    web_workers: int
    web_threads: int
    trusted_proxies: tuple[Network, ...]
    smtp_url: str | None = field(repr=False)
    mail_from: str | None
    slack_bot_token: str | None = field(repr=False)
    slack_signing_secret: str | None = field(repr=False)
    slack_app_token: str | None = field(repr=False)
    slack_channel: str
    slack_api_base_url: str
    pagerduty_routing_key: str | None = field(repr=False)
    pagerduty_events_url: str
    apprise_urls: tuple[str, ...] = field(repr=False)
    github_token: str | None = field(repr=False)
    github_repository: str | None
    github_api_url: str
    gitlab_token: str | None = field(repr=False)
    gitlab_project: str | None
    gitlab_url: str
    jira_url: str | None
    jira_user: str | None
    jira_token: str | None = field(repr=False)
    jira_project: str | None
    jira_issue_type: str
    outbound_allow: tuple[Network, ...]
    mirror_to: str | None
    s3_endpoint_url: str | None
    aws_access_key_id: str | None = field(repr=False)
    aws_secret_access_key: str | None = field(repr=False)
    aws_region: str
    heartbeat_url: str | None = field(repr=False)
    metrics_token: str | None = field(repr=False)
    log_level: LogLevel
    log_format: LogFormat

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def page_dir(self) -> Path:
        """Where the prepared bytes of the public page live."""
        return self.data_dir / "page"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from ``environ`` (default: ``.env`` under the process's environment).

    Raises SettingsError naming every problem at once.
    """
    given = _environment() if environ is None else dict(environ)
    reader = _Reader(given)
    data_dir = Path(reader.text("DATA_DIR") or "./var").resolve()
    settings = Settings(
        data_dir=data_dir,
        database_url=reader.parsed("DATABASE_URL", _database_url, f"sqlite:///{data_dir / 'sevenbells.db'}"),
        secret_key=reader.parsed("SECRET_KEY", _secret_key, "") or _kept_secret(data_dir, reader),
        secret_key_old=reader.parsed("SECRET_KEY_OLD", _secret_key, None),
        base_url=reader.parsed("BASE_URL", _web_address, "http://127.0.0.1:8000"),
        page_url=reader.parsed("PAGE_URL", _web_address, None),
        host=reader.text("HOST") or "127.0.0.1",
        port=reader.parsed("PORT", _whole(1, 65535), 8000),
        web_workers=reader.parsed("WEB_WORKERS", _whole(1, 64), 2),
        # two threads stay free of Flask so that the page always answers; fewer than three would leave it none
        web_threads=reader.parsed("WEB_THREADS", _whole(3, 256), 8),
        trusted_proxies=reader.parsed("TRUSTED_PROXIES", _networks, ()),
        smtp_url=reader.parsed("SMTP_URL", _smtp_url, None),
        mail_from=reader.parsed("MAIL_FROM", _mail_from, None),
        slack_bot_token=reader.text("SLACK_BOT_TOKEN"),
        slack_signing_secret=reader.text("SLACK_SIGNING_SECRET"),
        slack_app_token=reader.text("SLACK_APP_TOKEN"),
        slack_channel=reader.text("SLACK_CHANNEL") or "#ops-alerts",
        slack_api_base_url=reader.parsed("SLACK_API_BASE_URL", _endpoint, "https://slack.com/api/"),
        pagerduty_routing_key=reader.text("PAGERDUTY_ROUTING_KEY"),
        pagerduty_events_url=reader.parsed(
            "PAGERDUTY_EVENTS_URL", _endpoint, "https://events.pagerduty.com/v2/enqueue"
        ),
        apprise_urls=reader.parsed("APPRISE_URLS", _apprise_urls, ()),
        github_token=reader.text("GITHUB_TOKEN"),
        github_repository=reader.parsed("GITHUB_REPOSITORY", _repository, None),
        github_api_url=reader.parsed("GITHUB_API_URL", _endpoint, "https://api.github.com"),
        gitlab_token=reader.text("GITLAB_TOKEN"),
        gitlab_project=reader.text("GITLAB_PROJECT"),
        gitlab_url=reader.parsed("GITLAB_URL", _endpoint, "https://gitlab.com"),
        jira_url=reader.parsed("JIRA_URL", _endpoint, None),
        jira_user=reader.text("JIRA_USER"),
        jira_token=reader.text("JIRA_TOKEN"),
        jira_project=reader.text("JIRA_PROJECT"),
        jira_issue_type=reader.text("JIRA_ISSUE_TYPE") or "Task",
        outbound_allow=reader.parsed("OUTBOUND_ALLOW", _networks, ()),
        mirror_to=reader.parsed("MIRROR_TO", mirror_target, None),
        s3_endpoint_url=reader.parsed("S3_ENDPOINT_URL", _endpoint, None),
        aws_access_key_id=reader.text("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=reader.text("AWS_SECRET_ACCESS_KEY"),
        aws_region=reader.text("AWS_REGION") or "us-east-1",
        heartbeat_url=reader.parsed("HEARTBEAT_URL", _endpoint, None),
        metrics_token=reader.text("METRICS_TOKEN"),
        log_level=cast(LogLevel, reader.parsed("LOG_LEVEL", _one_of("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")),
        log_format=cast(LogFormat, reader.parsed("LOG_FORMAT", _one_of("text", "json"), "text")),
    )
    if settings.smtp_url and not settings.mail_from:
        reader.problems.append("MAIL_FROM: give the sender's address, SMTP_URL is set")
    if reader.problems:
        raise SettingsError(reader.problems)
    return settings


def _environment() -> dict[str, str]:
    from dotenv import dotenv_values

    from_file = {name: value for name, value in dotenv_values(".env", interpolate=False).items() if value is not None}
    return {**from_file, **os.environ}


class _Reader:
    """Takes values out of an environment and gathers what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def text(self, name: str) -> str | None:
        """The value of NAME, or what the file named by NAME_FILE holds; an empty value counts as not given."""
        from_file = self.environ.get(f"{name}_FILE", "").strip()
        if from_file:
            try:
                return Path(from_file).read_text(encoding="utf-8").strip() or None
            except (OSError, UnicodeDecodeError) as broken:
                self.problems.append(f"{name}_FILE: cannot read {from_file} ({broken})")
                return None
        return self.environ.get(name, "").strip() or None

    def parsed(self, name: str, parse: Callable[[str], T], otherwise: T) -> T:
        value = self.text(name)
        if value is None:
            return otherwise
        try:
            return parse(value)
        except ValueError as wrong:
            self.problems.append(f"{name}: {wrong}")
            return otherwise


def _kept_secret(data_dir: Path, reader: _Reader) -> str:
    """The key made at the first start and kept in DATA_DIR, readable by its owner only."""
    path = data_dir / "secret_key"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        # two processes may start at once: whoever links first decides, the other reads
        fresh = data_dir / f".secret_key.{os.getpid()}.{secrets.token_hex(4)}"
        if not path.exists():
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(fresh, path)
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return _secret_key(path.read_text().strip())
    except (OSError, ValueError) as broken:
        reader.problems.append(f"DATA_DIR: cannot keep the secret key in {path} ({broken})")
        return ""


def _secret_key(value: str) -> str:
    if value.lower() in _FAMOUS_KEYS:
        raise ValueError("this key is known to everybody; leave it out and one is made for you")
    if len(value) < _SHORTEST_KEY:
        raise ValueError(f"use at least {_SHORTEST_KEY} characters, or leave it out and one is made for you")
    return value


def _database_url(value: str) -> str:
    # loaded only where an address is given: the supervisor needs settings, and no SQLAlchemy
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(value)
    except ArgumentError:
        raise ValueError(
            "is no database address; write sqlite:////path/file.db or postgresql://user:password@host/name"
        ) from None
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    if backend == "sqlite" and url.database and url.database != ":memory:":
        return value
    raise ValueError("only a SQLite file or PostgreSQL is supported")


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"write an address such as https://status.example.com, not {value!r}")
    if parts.path not in {"", "/"}:
        raise ValueError("give the address of the host alone, without a path")
    return f"{parts.scheme}://{parts.netloc}"


def _endpoint(value: str) -> str:
    """An address that a program calls: any path will do."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.fragment:
        raise ValueError("write a whole address that begins with https:// or http://")
    return value


def _repository(value: str) -> str:
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", value, re.ASCII):
        raise ValueError("name the repository with its owner, such as acme/shop")
    return value


def mirror_target(value: str) -> str:
    """A folder, or a bucket with or without a prefix. Raises ValueError."""
    if "://" not in value:
        return str(Path(value).expanduser().absolute())
    parts = urlsplit(value)
    if parts.scheme != "s3" or not re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,62}", parts.netloc) or parts.query:
        raise ValueError("name a folder, or a bucket such as s3://my-bucket/status")
    return value.rstrip("/")


def _apprise_urls(value: str) -> tuple[str, ...]:
    """Addresses in Apprise's notation, apart by blanks or line breaks (a comma may stand inside one)."""
    urls = tuple(value.split())
    if not all("://" in url for url in urls):
        raise ValueError("list addresses in Apprise's notation with blanks between them, such as ntfy://host/topic")
    return urls


def _smtp_url(value: str) -> str:
    parts = urlsplit(value)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or port == -1:
        raise ValueError("write smtp://user:password@host:587 (smtps:// for TLS from the first byte)")
    return value


def _mail_from(value: str) -> str:
    if not re.fullmatch(r"(?:[^<>\r\n]+ <)?[^@\s<>,]+@[^@\s<>,]+>?", value) or value.count("<") != value.count(">"):
        raise ValueError("write an address such as Status <status@example.com>")
    return value


def _networks(value: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in value.split(",") if part.strip())
    except ValueError:
        raise ValueError("list addresses or networks with commas between them, such as 10.0.0.0/8") from None


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch(r"\d{1,9}", value) or not least <= int(value) <= most:
            raise ValueError(f"give a whole number from {least} to {most}, not {value!r}")
        return int(value)

    return parse


def _one_of(*words: str) -> Callable[[str], str]:
    by_fold = {word.lower(): word for word in words}

    def parse(value: str) -> str:
        if value.lower() not in by_fold:
            raise ValueError(f"choose one of {', '.join(words)}")
        return by_fold[value.lower()]

    return parse
