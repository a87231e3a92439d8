"""AWS Signature Version 4 in a header, as S3 and all that speak like it want it.

Signed here, in forty lines, because the library for it asks for an older python-dateutil than we ship, and is larger than we.
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl, quote, urlsplit


@dataclass(frozen=True, slots=True)
class Key:
    """Who asks, and in which region."""

    id: str
    secret: str = field(repr=False)
    region: str


def sign(
    method: str, url: str, content: bytes, headers: Mapping[str, str], key: Key, *, now: datetime
) -> dict[str, str]:
    """The headers to send: those given, and what proves that we sent exactly this. The URL's path is quoted already."""
    parts, stamp = urlsplit(url), f"{now:%Y%m%dT%H%M%SZ}"
    digest = hashlib.sha256(content).hexdigest()
    sent = {**headers, "host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    signed = {
        name.lower(): " ".join(value.split()) for name, value in sorted(sent.items(), key=lambda one: one[0].lower())
    }
    names = ";".join(signed)
    query = "&".join(
        f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(parse_qsl(parts.query, keep_blank_values=True))
    )
    lines = (f"{name}:{value}\n" for name, value in signed.items())
    asked = "\n".join((method, parts.path or "/", query, "".join(lines), names, digest))
    scope = f"{now:%Y%m%d}/{key.region}/s3/aws4_request"
    to_sign = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(asked.encode()).hexdigest()))
    proof = _hmac(_day_key(key, scope), to_sign).hex()
    said = f"AWS4-HMAC-SHA256 Credential={key.id}/{scope},SignedHeaders={names},Signature={proof}"
    return {**sent, "Authorization": said}


def _day_key(key: Key, scope: str) -> bytes:
    made = f"AWS4{key.secret}".encode()
    for part in scope.split("/"):
        made = _hmac(made, part)
    return made


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
