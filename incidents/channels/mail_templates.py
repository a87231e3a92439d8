"""A letter written once for many: each recipient's copy is the same bytes with a few of them filled in."""

from __future__ import annotations

import binascii
import html
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from urllib.parse import urlsplit

from ..kernel import clock
from ..kernel.settings import Settings
from ..kernel.text import header_safe, one_line

# stands in a text where each recipient has a word of their own, such as the address to unsubscribe at
_OWN = re.compile(r"\{\{own\.([a-z_]{1,40})\}\}")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9.-]{1,64}")
_HEADER_URL = re.compile(r"https?://[\x21-\x3b\x3d\x3f-\x7e]{1,900}")  # without < and >


class Template:
    """The bytes of a letter, apart where a recipient's own words go."""

    def __init__(self, letter: bytes, names: Mapping[bytes, tuple[str, bool]], host: str) -> None:
        self._host = host
        pieces = re.split(b"(" + b"|".join(names) + b")", letter) if names else [letter]
        self._fixed = pieces[0::2]
        self._names = [names[piece] for piece in pieces[1::2]]

    def fill(self, recipient: str, key: str, own: Mapping[str, str] | None = None) -> bytes:
        """The whole letter to one address (checked by the caller, in ASCII); ``key`` is the delivery's.

        ``own`` gives the words named in the text; with ``unsubscribe`` mail programs show their own button (RFC 8058).
        """
        if not _PLAIN_KEY.fullmatch(key) or not recipient.isascii() or not recipient.isprintable():
            raise ValueError("neither a key nor an address can hold such characters")
        own = own or {}
        head = (
            f"To: {recipient}\r\nMessage-ID: <{key}@{self._host}>\r\nDate: {_date(clock.now().replace(microsecond=0))}\r\n"
            f"{_unsubscribing(own.get('unsubscribe', ''))}"
        )
        parts = [head.encode("ascii"), self._fixed[0]]
        for (name, is_html), fixed in zip(self._names, self._fixed[1:], strict=True):
            parts += [_quoted(one_line(str(own.get(name, ""))), is_html=is_html), fixed]
        return b"".join(parts)


@lru_cache(maxsize=4)
def _date(moment: datetime) -> str:
    return format_datetime(moment)


def prepare(payload: Mapping[str, object], settings: Settings) -> Template:
    """Write the letter that ``payload`` (``subject``, ``text``, ``html``, ``thread``, ``list_id``) holds, for any number of people.

    ``{{own.NAME}}`` in its text and HTML becomes what ``fill`` is given under that name. No header can be smuggled in,
    whatever stands in the payload.
    """
    # the public learns only of the host that it knows
    address = (settings.page_url if payload.get("list_id") else None) or settings.base_url
    return _prepared(
        str(payload["subject"]),
        str(payload["text"]),
        str(payload.get("html") or ""),
        str(payload.get("thread") or ""),
        str(payload.get("list_id") or ""),
        settings.mail_from or "",
        _host_of(address),
    )


@lru_cache(maxsize=4)
def _host_of(address: str) -> str:
    return urlsplit(address).hostname or "localhost"


@lru_cache(maxsize=32)
def _prepared(subject: str, text: str, markup: str, thread: str, list_id: str, sender: str, host: str) -> Template:
    letter = EmailMessage(policy=SMTP)
    letter["From"] = header_safe(sender)
    letter["Subject"] = header_safe(subject)
    letter["Auto-Submitted"] = "auto-generated"
    if list_id:
        letter["List-Id"] = header_safe(list_id)
        letter["Precedence"] = "bulk"
    if thread:
        root = f"<{re.sub(r'[^A-Za-z0-9.-]+', '-', thread)}.thread@{host}>"
        letter["In-Reply-To"] = root
        letter["References"] = root
    names: dict[bytes, tuple[str, bool]] = {}
    letter.set_content(text)
    if markup:
        letter.add_alternative(markup, subtype="html")
    for part in letter.walk():
        if not part.is_multipart():
            is_html = part.get_content_subtype() == "html"
            _open_up(part, markup if is_html else text, is_html=is_html, names=names)
    return Template(letter.as_bytes(), names, host)


def _open_up(part: EmailMessage, text: str, *, is_html: bool, names: dict[bytes, tuple[str, bool]]) -> None:
    """Where words are filled in, the part is quoted-printable, and each of them stands on lines of its own.

    A soft line break ends the line before it and the one it is on, so whatever is put there leaves the rest as it is.
    """
    pieces = _OWN.split(text.rstrip("\n"))
    if len(pieces) == 1:
        return
    quoted = [_soft(pieces[0])]
    for name, fixed in zip(pieces[1::2], pieces[2::2], strict=True):
        mark = f"SB{secrets.token_hex(12)}"
        names[mark.encode()] = (name, is_html)
        quoted += [f"{mark}=\n", _soft(fixed)]
    part.replace_header("Content-Transfer-Encoding", "quoted-printable")
    part.set_payload("".join(quoted) + "\n")


def _soft(text: str) -> str:
    quoted = binascii.b2a_qp(text.encode("utf-8", "replace"), istext=True).decode()
    return f"{quoted}=\n" if quoted else ""


def _quoted(word: str, *, is_html: bool) -> bytes:
    shown = html.escape(word) if is_html else word
    return binascii.b2a_qp(shown.encode("utf-8", "replace"), istext=False).replace(b"\n", b"\r\n")


def _unsubscribing(address: str) -> str:
    if not _HEADER_URL.fullmatch(address):
        return ""
    return f"List-Unsubscribe: <{address}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
