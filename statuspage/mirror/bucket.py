"""A mirror in a bucket of S3 or of anything that speaks like it. The library for it is an extra, loaded when it is used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from incidents.kernel.settings import Settings
from incidents.published.mirrors import MirrorTrouble

from ..prepared import CACHE_CONTROL
from .place import File

HOW_TO_GET_IT = "the library for S3 is not installed: run `make s3`, or `pip install boto3`"
_CONNECT_WITHIN, _READ_WITHIN = 5, 10  # seconds
_NOT_THERE = frozenset({"404", "NoSuchKey", "NotFound"})


class Bucket:
    """Without a key in the settings the library finds one itself, as every program of AWS does."""

    def __init__(self, bucket: str, prefix: str, settings: Settings) -> None:
        self._bucket = bucket
        self._settings = settings
        self._prefix = f"{prefix}/" if prefix else ""
        self._kept: Any = None

    @property
    def name(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def name_of(self, path: str) -> str:
        """``/history`` is the key ``history``: a bucket knows no folders, and needs no redirect to one."""
        name = path.strip("/")
        if path.endswith("/"):
            return f"{name}/index.html" if name else "index.html"
        return name

    def read(self, name: str) -> bytes | None:
        with self._asking("read", name):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)
            except Exception as broken:
                if _code_of(broken) in _NOT_THERE:
                    return None
                raise
            body: bytes = answer["Body"].read()
            return body

    def write(self, name: str, file: File) -> None:
        """With the headers of the page that S3 can keep; a CDN in front compresses, S3 itself does not."""
        with self._asking("write", name):
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._prefix + name,
                Body=file.body,
                ContentType=file.content_type,
                CacheControl=CACHE_CONTROL,
            )

    def remove(self, name: str) -> None:
        with self._asking("remove", name):
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + name)

    def is_empty(self) -> bool:
        with self._asking("list", ""):
            found = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, MaxKeys=1)
            return not found.get("KeyCount", len(found.get("Contents", ())))

    def check(self) -> None:
        """Write an object and take it away."""
        self.write(".sevenbells.new", File("text/plain", b""))
        self.remove(".sevenbells.new")

    @property
    def _client(self) -> Any:
        if self._kept is None:
            try:
                import boto3
                from botocore.config import Config
            except ImportError:
                raise MirrorTrouble(HOW_TO_GET_IT) from None
            chosen = self._settings
            # each try has a limit of its own, and who keeps the mirror tries again himself
            patience = Config(
                connect_timeout=_CONNECT_WITHIN,
                read_timeout=_READ_WITHIN,
                retries={"total_max_attempts": 2, "mode": "standard"},
                request_checksum_calculation="when_required",  # many that speak like S3 know no newer checksums
                response_checksum_validation="when_required",
                s3={"addressing_style": "path" if chosen.s3_endpoint_url else "auto"},
            )
            self._kept = boto3.session.Session(
                aws_access_key_id=chosen.aws_access_key_id,
                aws_secret_access_key=chosen.aws_secret_access_key,
                region_name=chosen.aws_region,
            ).client("s3", endpoint_url=chosen.s3_endpoint_url, config=patience)
        return self._kept

    @contextmanager
    def _asking(self, what: str, name: str) -> Iterator[None]:
        try:
            yield
        except MirrorTrouble:
            raise
        except Exception as broken:  # noqa: BLE001 - the library throws what its own libraries throw
            place = f"s3://{self._bucket}/{self._prefix}{name}"
            raise MirrorTrouble(f"cannot {what} {place} ({_reason(broken)})") from None


def _code_of(broken: Exception) -> str:
    answer: dict[str, Any] = getattr(broken, "response", None) or {}
    return str(answer.get("Error", {}).get("Code", ""))


def _reason(broken: Exception) -> str:
    """What the service said, or what kept us from asking it."""
    return _code_of(broken) or str(broken).splitlines()[0][:200]
