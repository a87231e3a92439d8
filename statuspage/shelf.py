"""The prepared bytes as files in DATA_DIR/page, and the 8-byte generation that all workers of a machine look at.

Three bundles, so that a minute and a change rewrite little: ``moving`` (what changes by the minute), ``resting`` (what
changes with most changes of the records) and ``settled`` (what is over, and the most by far); and the records themselves
as JSON. Each is written whole: temporary file, fsync, rename.
"""

from __future__ import annotations

import fcntl
import json
import logging
import mmap
import os
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from .prepared import Document, Prepared, prepare

_log = logging.getLogger("sevenbells.page")
_WORD = struct.Struct("<Q")
_MAGIC = b"sevenbells page 1\n"
SETTLED, RESTING, MOVING = "settled", "resting", "moving"
BUNDLES = (SETTLED, RESTING, MOVING)  # in the order in which they are written


@dataclass(frozen=True, slots=True)
class State:
    """What a bundle was made from; equal states mean equal bytes. ``contact_at`` is when the database last answered."""

    revision: int
    minute: str
    look: str
    is_dark: bool


@dataclass(frozen=True, slots=True)
class Bundle:
    """Addresses and their bytes, as read from a file, with their mark; ``beside`` is that of what settled belongs to it."""

    state: State
    contact_at: datetime
    pages: dict[str, Prepared]
    mark: str
    beside: str


class Shelf:
    """One machine's files. Reading and writing are separate from the generation, which says when to read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trouble = ""  # why nothing can be kept here
        self._read: dict[str, tuple[tuple[int, int, int], Bundle]] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._generation = _mapped(folder / "generation")
        except OSError as refused:  # no right to it, or no room: this process prepares its own pages, and tells nobody
            self.trouble = refused.strerror or type(refused).__name__
            _log.error("%s cannot be used, the page is kept in memory alone: %s", folder, self.trouble)
            self._generation = mmap.mmap(-1, _WORD.size)

    @property
    def generation(self) -> bytes:
        """Eight bytes that differ after every change of the files."""
        return self._generation[:8]

    @property
    def memory(self) -> mmap.mmap:
        """The mapped generation itself, for the front door, which looks at it at every request."""
        return self._generation

    def bump(self) -> None:
        """Tell every worker of this machine to read again."""
        (number,) = _WORD.unpack(self._generation[:8])
        self._generation[:8] = _WORD.pack((number + 1) % 2**64)

    def write(
        self,
        name: str,
        state: State,
        contact_at: datetime,
        pages: Mapping[str, tuple[Document, bytes]],
        *,
        mark: str,
        beside: str,
    ) -> None:
        """Put a bundle on the disk, whole or not at all. Raises OSError when there is no room."""
        self.write_bytes(name, _packed(state, contact_at, pages, mark, beside))

    def write_bytes(self, name: str, content: bytes) -> None:
        """The same for any file of ours."""
        temporary = (
            self.folder / f".{name}.new"
        )  # whoever writes holds the lock: what lies there was left by a dead one
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.folder / name)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def read(self, name: str) -> Bundle | None:
        """A bundle, or None where there is none or it is damaged. What nobody has written since is not read again."""
        path = self.folder / name
        try:
            found = path.stat()
            stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
            if name not in self._read or self._read[name][0] != stamp:
                self._read[name] = (stamp, _unpacked(path.read_bytes()))
            return self._read[name][1]
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            self._read.pop(name, None)
            return None

    def read_bytes(self, name: str) -> bytes | None:
        """A file of ours, or None where there is none."""
        try:
            return (self.folder / name).read_bytes()
        except OSError:
            return None

    @contextmanager
    def alone(self, *, patience: float) -> Iterator[bool]:
        """Hold the machine's lock, or give up after ``patience`` seconds: a wedged neighbour must not stop the page.

        Where the file cannot be opened at all nobody can be alone, and nothing could be written either.
        """
        try:
            file = (self.folder / "lock").open("ab")
        except OSError as refused:
            self.trouble = refused.strerror or type(refused).__name__
            yield False
            return
        self.trouble = ""
        with file:
            has_it = _lock(file.fileno(), time.monotonic() + patience)
            try:
                yield has_it
            finally:
                if has_it:
                    fcntl.flock(file.fileno(), fcntl.LOCK_UN)


def _lock(descriptor: int, until: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.005)
        else:
            return True


def _mapped(path: Path) -> mmap.mmap:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if os.fstat(descriptor).st_size < _WORD.size:
            # written, not stretched: on a full disk a hole in the file would kill whoever counts in it
            os.pwrite(descriptor, bytes(_WORD.size), 0)
        return mmap.mmap(descriptor, _WORD.size)
    finally:
        os.close(descriptor)


def _packed(
    state: State, contact_at: datetime, pages: Mapping[str, tuple[Document, bytes]], mark: str, beside: str
) -> bytes:
    index, bodies = [], []
    for path, (document, compressed) in pages.items():
        headers = tuple(document.headers.items())
        sizes = (len(document.body), len(compressed))
        index.append(_entry(path, document.content_type, headers, document.changed_at, sizes))
        bodies += [document.body, compressed]
    made_from = {"revision": state.revision, "minute": state.minute, "look": state.look, "is_dark": state.is_dark}
    about = json.dumps({"state": made_from, "contact_at": contact_at.isoformat(), "mark": mark, "beside": beside})
    head = f'{about[:-1]}, "pages": [{", ".join(index)}]}}'.encode()
    return b"".join([_MAGIC, _WORD.pack(len(head)), head, *bodies])


@lru_cache(maxsize=2048)
def _entry(
    path: str,
    content_type: str,
    headers: tuple[tuple[str, str], ...],
    changed_at: datetime | None,
    sizes: tuple[int, int],
) -> str:
    """What the index says of one document; it stays the same for most."""
    entry = {"path": path, "type": content_type, "headers": dict(headers), "sizes": sizes}
    return json.dumps(entry | {"changed_at": changed_at.isoformat() if changed_at else None})


def _unpacked(content: bytes) -> Bundle:
    if not content.startswith(_MAGIC):
        raise ValueError("not a bundle of ours")
    at = len(_MAGIC) + _WORD.size
    (length,) = _WORD.unpack(content[len(_MAGIC) : at])
    head = json.loads(content[at : at + length])
    at += length
    pages = {}
    for entry in head["pages"]:
        plain, compressed = entry["sizes"]
        if at + plain + compressed > len(content):
            raise ValueError("the bundle is cut short")
        changed_at = datetime.fromisoformat(entry["changed_at"]) if entry["changed_at"] else None
        document = Document(entry["type"], content[at : at + plain], entry["headers"], changed_at)
        pages[entry["path"]] = prepare(document, content[at + plain : at + plain + compressed])
        at += plain + compressed
    state, contact_at = State(**head["state"]), datetime.fromisoformat(head["contact_at"])
    return Bundle(state, contact_at, pages, head.get("mark", ""), head.get("beside", ""))
