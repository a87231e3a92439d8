"""The page's own settings: name, zone, support link, logo, what it shows and in which colour."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import CheckConstraint, LargeBinary, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base, db
from ..kernel.errors import Malformed
from ..kernel.languages import ENGLISH, LANGUAGES
from ..policy.uptime import USUAL
from . import accent, footer_links, logo
from .components import UNCHANGED, _Unchanged
from .public_ids import fresh_public_id
from .revision import bump
from .wording import one_line

THE_ROW = 1
NAME_LENGTH = 60
DEFAULT_NAME = "Our"
DEFAULT_ZONE = "UTC"
DEFAULT_LANGUAGE = ENGLISH
DEFAULT_LANGUAGES = ",".join(LANGUAGES)


class PageSettings(Base):
    """One row. The weights are how many per cent of the time in a state count as down.

    ``language`` is the page's own, ``languages`` are those that it offers besides, with commas between.
    ``needs_second_eyes``: whoever does not lead an incident has a colleague read what goes public of it.
    """

    __tablename__ = "page_settings"
    __table_args__ = (
        CheckConstraint("id = 1", name="there_is_one_page"),
        CheckConstraint("partial_weight BETWEEN 0 AND 100", name="partial_weight_is_a_percentage"),
        CheckConstraint("degraded_weight BETWEEN 0 AND 100", name="degraded_weight_is_a_percentage"),
        CheckConstraint("major_weight BETWEEN 0 AND 100", name="major_weight_is_a_percentage"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    public_id: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    zone: Mapped[str] = mapped_column(String(64))
    support_url: Mapped[str | None] = mapped_column(String(300))
    logo: Mapped[bytes | None] = mapped_column(LargeBinary)
    shows_severity: Mapped[bool]
    partial_weight: Mapped[int]
    degraded_weight: Mapped[int] = mapped_column(server_default=text("0"))
    major_weight: Mapped[int] = mapped_column(server_default=text("100"))
    accent: Mapped[str | None] = mapped_column(String(7))
    accent_dark: Mapped[str | None] = mapped_column(String(7))
    footer_links: Mapped[list[Any]] = mapped_column(server_default="[]")  # pairs of words and address
    language: Mapped[str] = mapped_column(String(3), default=DEFAULT_LANGUAGE, server_default=DEFAULT_LANGUAGE)
    languages: Mapped[str] = mapped_column(String(100), default=DEFAULT_LANGUAGES, server_default=DEFAULT_LANGUAGES)
    needs_second_eyes: Mapped[bool] = mapped_column(default=False, server_default=false())
    updated_at: Mapped[datetime]

    @property
    def time_zone(self) -> ZoneInfo:
        """The zone in which the page counts days and prints times first."""
        return ZoneInfo(self.zone)


def page_settings() -> PageSettings:
    """The settings as they are; before anybody has set them, the defaults (not stored)."""
    return db.session.get(PageSettings, THE_ROW) or _defaults()


def change_page_settings(
    *,
    name: str | None = None,
    zone: str | None = None,
    support_url: str | _Unchanged | None = UNCHANGED,
    footer_links: str | None = None,
    logo: bytes | _Unchanged | None = UNCHANGED,
    shows_severity: bool | None = None,
    partial_weight: int | None = None,
    degraded_weight: int | None = None,
    major_weight: int | None = None,
    accent: str | _Unchanged | None = UNCHANGED,
    accent_dark: str | _Unchanged | None = UNCHANGED,
    language: str | None = None,
    languages: Iterable[str] | None = None,
    needs_second_eyes: bool | None = None,
) -> PageSettings:
    """Change what is given; ``logo`` takes the uploaded file, ``footer_links`` a line for each.

    Raises Malformed with a sentence per field.
    """
    changes: dict[str, Any] = {}
    problems: dict[str, str] = {}
    _take_name_and_zone(name, zone, changes, problems)
    _take_support(support_url, changes, problems)
    _take_footer_links(footer_links, changes, problems)
    _take_logo(logo, changes, problems)
    _take_accents(accent, accent_dark, changes, problems)
    _take_languages(language, languages, changes, problems)
    if shows_severity is not None:
        changes["shows_severity"] = shows_severity
    if needs_second_eyes is not None:
        changes["needs_second_eyes"] = needs_second_eyes
    _take_weights(partial_weight, degraded_weight, major_weight, changes, problems)
    if problems:
        raise Malformed(problems)
    settings = db.session.get(PageSettings, THE_ROW)
    if settings is None:
        settings = _defaults()
        db.session.add(settings)
    for field, value in changes.items():
        setattr(settings, field, value)
    settings.updated_at = clock.now()
    bump()
    return settings


def _defaults() -> PageSettings:
    return PageSettings(
        id=THE_ROW,
        public_id=fresh_public_id(),
        name=DEFAULT_NAME,
        zone=DEFAULT_ZONE,
        support_url=None,
        logo=None,
        shows_severity=False,
        partial_weight=USUAL.partial,
        degraded_weight=USUAL.degraded,
        major_weight=USUAL.major,
        accent=None,
        accent_dark=None,
        footer_links=[],
        language=DEFAULT_LANGUAGE,
        languages=DEFAULT_LANGUAGES,
        needs_second_eyes=False,
        updated_at=clock.now(),
    )


def _take_name_and_zone(name: str | None, zone: str | None, changes: dict[str, Any], problems: dict[str, str]) -> None:
    if name is not None:
        changes["name"] = one_line(name)
        if not changes["name"]:
            problems["name"] = "Give the page a name, such as your company's."
        elif len(changes["name"]) > NAME_LENGTH:
            problems["name"] = f"Keep the name under {NAME_LENGTH + 1} characters."
    if zone is not None:
        changes["zone"] = zone
        if zone not in available_timezones():
            problems["zone"] = "Choose a zone from the list, such as Europe/Berlin."


def _take_languages(
    language: str | None, languages: Iterable[str] | None, changes: dict[str, Any], problems: dict[str, str]
) -> None:
    if language is not None:
        changes["language"] = language
        if language not in LANGUAGES:
            problems["language"] = "Choose a language from the list."
    if languages is not None:
        chosen = set(languages)
        changes["languages"] = ",".join(code for code in LANGUAGES if code in chosen)
        if not chosen <= LANGUAGES.keys():
            problems["languages"] = "Choose languages from the list."


def _take_support(support_url: str | _Unchanged | None, changes: dict[str, Any], problems: dict[str, str]) -> None:
    if isinstance(support_url, _Unchanged):
        return
    address = one_line(support_url or "") or None
    changes["support_url"] = address
    if address and not footer_links.is_address(address):
        problems["support_url"] = "Start the address with https:// or mailto:"


def _take_footer_links(typed: str | None, changes: dict[str, Any], problems: dict[str, str]) -> None:
    if typed is None:
        return
    try:
        changes["footer_links"] = footer_links.parsed(typed)
    except ValueError as wrong:
        problems["footer_links"] = str(wrong)


def _take_logo(uploaded: bytes | _Unchanged | None, changes: dict[str, Any], problems: dict[str, str]) -> None:
    if isinstance(uploaded, _Unchanged):
        return
    try:
        changes["logo"] = logo.made_harmless(uploaded) if uploaded else None
    except ValueError as wrong:
        problems["logo"] = str(wrong)


def _take_weights(
    partial: int | None, degraded: int | None, major: int | None, changes: dict[str, Any], problems: dict[str, str]
) -> None:
    for field, weight in (("partial_weight", partial), ("degraded_weight", degraded), ("major_weight", major)):
        if weight is None:
            continue
        changes[field] = weight
        if not 0 <= weight <= 100:
            problems[field] = "Give a number from 0 to 100."


def _take_accents(
    light: str | _Unchanged | None, dark: str | _Unchanged | None, changes: dict[str, Any], problems: dict[str, str]
) -> None:
    """A dark colour that was not given is made from the light one."""
    if not isinstance(light, _Unchanged):
        changes["accent"] = (light or "").strip().lower() or None
        changes["accent_dark"] = None
        problem = accent.problem_with(changes["accent"], on=accent.ON_LIGHT) if changes["accent"] else None
        if problem:
            problems["accent"] = problem
        elif changes["accent"]:
            changes["accent_dark"] = accent.for_dark(changes["accent"])
    if not isinstance(dark, _Unchanged) and dark and dark.strip():
        changes["accent_dark"] = dark.strip().lower()
        problem = accent.problem_with(changes["accent_dark"], on=accent.ON_DARK)
        if problem:
            problems["accent_dark"] = problem
