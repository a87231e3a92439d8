"""A mirror in a bucket of S3, or of anything that speaks like it."""

from __future__ import annotations

import re
from urllib.parse import quote

from incidents.kernel import clock, http
from incidents.kernel.http import Answer, Blocked, Unreachable
from incidents.kernel.settings import Settings
from incidents.published.mirrors import MirrorTrouble

from ..prepared import CACHE_CONTROL
from .place import File
from .signature import Key, sign

_PATIENCE = 8.0  # seconds; shorter than what is left of a lease that was just renewed, so that nobody writes after it
_LARGEST_INDEX = 32 * 1024 * 1024
_GOOD, _NOT_THERE = (200, 204), 404


class Bucket:
    """S3_ENDPOINT_URL, AWS_REGION and the two keys say where it is and who we are."""

    def __init__(self, bucket: str, prefix: str, settings: Settings) -> None:
        self.name = f"s3://{bucket}/{prefix}".rstrip("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._settings = settings
        self._address = _address(bucket, settings)
        self._key = Key(settings.aws_access_key_id or "", settings.aws_secret_access_key or "", settings.aws_region)

    def name_of(self, path: str) -> str:
        """``/history`` is the key ``history``: a bucket knows no folders, and needs no redirect to one."""
        return path.strip("/") or "index.html"

    def read(self, name: str) -> bytes | None:
        answer = self._ask("GET", self._at(name), most_bytes=_LARGEST_INDEX)
        if answer.status == _NOT_THERE and _code(answer) != "NoSuchBucket":
            return None
        return self._good(answer, f"read {name} in").body

    def write(self, name: str, file: File) -> None:
        """With the headers of the page that S3 can keep. A CDN in front compresses, S3 itself does not."""
        headers = {"Content-Type": file.content_type, "Cache-Control": CACHE_CONTROL}
        self._good(self._ask("PUT", self._at(name), file.body, headers), f"write {name} in")

    def remove(self, name: str) -> None:
        answer = self._ask("DELETE", self._at(name))
        if answer.status != _NOT_THERE:
            self._good(answer, f"remove {name} in")

    def is_empty(self) -> bool:
        prefix = quote(self._prefix, safe="-_.~")
        answer = self._ask("GET", f"{self._address}/?list-type=2&max-keys=1&prefix={prefix}")
        return b"<Key>" not in self._good(answer, "list").body

    def check(self) -> None:
        """Write an object and take it away."""
        self.write("sevenbells-probe", File("text/plain", b""))
        self.remove("sevenbells-probe")

    def _at(self, name: str) -> str:
        return f"{self._address}/{quote(self._prefix + name, safe='/-_.~')}"

    def _ask(
        self,
        method: str,
        url: str,
        content: bytes = b"",
        headers: dict[str, str] | None = None,
        *,
        most_bytes: int = http.MOST_BYTES,
    ) -> Answer:
        if not self._key.id or not self._key.secret:
            raise MirrorTrouble(f"nobody may write to {self.name} (set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)")
        signed = sign(method, url, content, headers or {}, self._key, now=clock.now())
        try:
            return http.request(
                method,
                url,
                self._settings,
                content=content if method == "PUT" else None,
                headers=signed,
                is_trusted=True,
                most_bytes=most_bytes,
                patience=_PATIENCE,
            )
        except (Blocked, Unreachable) as trouble:
            raise MirrorTrouble(f"cannot reach {self.name} ({str(trouble).rstrip('.')})") from None

    def _good(self, answer: Answer, what: str) -> Answer:
        if answer.status not in _GOOD:
            raise MirrorTrouble(f"cannot {what} {self.name} ({_code(answer) or f'status {answer.status}'})")
        return answer


def _address(bucket: str, settings: Settings) -> str:
    """Others than AWS know buckets by path; a name with dots has no certificate of its own."""
    if settings.s3_endpoint_url:
        return f"{settings.s3_endpoint_url.rstrip('/')}/{bucket}"
    if "." in bucket:
        return f"https://s3.{settings.aws_region}.amazonaws.com/{bucket}"
    return f"https://{bucket}.s3.{settings.aws_region}.amazonaws.com"


def _code(answer: Answer) -> str:
    """What the service calls the trouble, such as AccessDenied."""
    found = re.search(rb"<Code>(\w+)</Code>", answer.body)
    return found[1].decode() if found else ""
