"""What their fields may hold: more ways of writing a value than our own API takes, because programs were written with them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any

from ..fields import Field, Unfit

_MOST = 500
_TRUE, _FALSE = ("true", "1", "on", "yes", "t"), ("false", "0", "off", "no", "f", "")
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


def text(longest: int) -> Field:
    """A text; null is none."""

    def parse(value: Any) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise Unfit("Give a text.")
        if len(str(value)) > longest:
            raise Unfit(f"Use at most {longest:,} characters. There are {len(str(value)):,} now.")
        return str(value)

    return _field(parse)


def word(known: Iterable[str]) -> Field:
    """One of these words; null and an empty one are none."""
    words = [str(each) for each in known]

    def parse(value: Any) -> str | None:
        if value in (None, ""):
            return None
        if value not in words:
            raise Unfit(f"Choose one of {', '.join(words)}.")
        return str(value)

    return _field(parse)


def flag() -> Field:
    """True or false, in a form's words too; null is none."""

    def parse(value: Any) -> bool | None:
        written = str(value).lower()
        if value is None or written in (*_TRUE, *_FALSE):
            return None if value is None else written in _TRUE
        raise Unfit("Give true or false.")

    return _field(parse)


def whole() -> Field:
    """A whole number from 0 on."""

    def parse(value: Any) -> int:
        written = str(value)
        if not (written.isascii() and written.isdigit() and len(written) < 9):
            raise Unfit("Give a whole number.")
        return int(written)

    return _field(parse)


def moment() -> Field:
    """A time in ISO 8601; one without an offset is in UTC. Null and an empty one are none."""

    def parse(value: Any) -> datetime | None:
        return None if value in (None, "") else _as_moment(value)

    return _field(parse)


def day_or_moment() -> Field:
    """A day, or a time."""

    def parse(value: Any) -> date | datetime | None:
        if value in (None, ""):
            return None
        return _as_day(value) if isinstance(value, str) and len(value) == len("2026-11-23") else _as_moment(value)

    return _field(parse)


def day() -> Field:
    """A day; null and an empty one are none."""

    def parse(value: Any) -> date | None:
        return None if value in (None, "") else _as_day(value)

    return _field(parse)


def ids() -> Field:
    """Public ids: a list, or one text with commas between them."""

    def parse(value: Any) -> list[str]:
        found = value.split(",") if isinstance(value, str) else [] if value is None else value
        if not isinstance(found, list) or len(found) > _MOST or not all(isinstance(each, str) for each in found):
            raise Unfit(f"Give a list of at most {_MOST} ids.")
        return list(dict.fromkeys(each.strip() for each in found if each.strip()))

    return _field(parse)


def statuses(known: Iterable[str]) -> Field:
    """``{component id: status}``, or a list of components as our answers have it; a mere id has no status (None)."""
    words = [str(each) for each in known]

    def parse(value: Any) -> dict[str, str | None] | None:
        if value is None:
            return None
        if isinstance(value, list):
            plain = dict.fromkeys(ids().parse([each for each in value if not isinstance(each, dict)]))
            return plain | parse_object(
                {str(each.get("id")): each.get("status") for each in value if isinstance(each, dict)}
            )
        return parse_object(value)

    def parse_object(value: Any) -> dict[str, str | None]:
        if not isinstance(value, dict) or len(value) > _MOST:
            raise Unfit("Give an object of component ids and statuses.")
        if any(each not in words for each in value.values()):
            raise Unfit(f"Choose one of {', '.join(words)} for each component.")
        return {str(name): str(status) for name, status in value.items()}

    return _field(parse)


def _as_moment(value: Any) -> datetime:
    try:
        written = datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise Unfit("Write the time as 2026-11-23T02:14:00Z.") from None
    if not _FIRST_YEAR <= written.year < _LAST_YEAR:
        raise Unfit(f"Give a time between {_FIRST_YEAR} and {_LAST_YEAR}.")
    return (written if written.tzinfo else written.replace(tzinfo=UTC)).astimezone(UTC)


def _as_day(value: Any) -> date:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise Unfit("Write the day as 2026-11-23.") from None


def start_of(when: date | datetime, zone: Any) -> datetime:
    """The instant that was meant; a day begins with its midnight in ``zone``."""
    return when if isinstance(when, datetime) else datetime.combine(when, time(), zone).astimezone(UTC)


def _field(parse: Any) -> Field:
    return Field({}, parse)  # nothing of this stands in OpenAPI
