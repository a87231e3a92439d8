"""A mirror in a folder, as any web server takes it: ``index.html`` in folders, and a ``.gz`` beside each file."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from incidents.kernel import clock
from incidents.published.mirrors import MirrorTrouble

from .. import contents
from ..prepared import compress
from .place import File

# what the server reads may be read by anybody: it is public
_FILE, _FOLDER = 0o644, 0o755
_OURS_WHILE_WRITING = ".new"


class Folder:
    """``path`` is made where it is missing."""

    def __init__(self, path: Path) -> None:
        self._path = path.expanduser().absolute()

    @property
    def name(self) -> str:
        return str(self._path)

    def name_of(self, path: str) -> str:
        """``/history`` is ``history/index.html``: a plain server sends that for the folder."""
        name = path.strip("/")
        if contents.has_languages(path):
            return f"{name}/index.html" if name else "index.html"
        return name

    def read(self, name: str) -> bytes | None:
        try:
            return self._at(name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as broken:
            raise _trouble("read", self._at(name), broken) from None

    def write(self, name: str, file: File) -> None:
        """Both of them bear the same time, as nginx wants it of a file and its ``.gz``."""
        target, now = self._at(name), clock.now().timestamp()
        try:
            self._make(target.parent)
            _put(target.with_name(f"{target.name}.gz"), compress(file.body), now)
            _put(target, file.body, now)
        except OSError as broken:
            raise _trouble("write", target, broken) from None

    def remove(self, name: str) -> None:
        target = self._at(name)
        try:
            target.unlink(missing_ok=True)
            target.with_name(f"{target.name}.gz").unlink(missing_ok=True)
            for folder in target.parents:
                if folder == self._path or not folder.is_dir() or any(folder.iterdir()):
                    break
                folder.rmdir()
        except OSError as broken:
            raise _trouble("remove", target, broken) from None

    def is_empty(self) -> bool:
        try:
            return all(each.name.startswith(".") for each in self._path.iterdir())  # a repository is fine
        except FileNotFoundError:
            return True
        except OSError as broken:
            raise _trouble("read", self._path, broken) from None

    def check(self) -> None:
        """Write a file and take it away."""
        probe = self._path / f".sevenbells{_OURS_WHILE_WRITING}"
        try:
            self._make(self._path)
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as broken:
            raise _trouble("write", probe, broken) from None

    def _at(self, name: str) -> Path:
        inside = PurePosixPath(name)
        if inside.is_absolute() or ".." in inside.parts:
            raise ValueError(f"{name} would lie outside the mirror")
        return self._path / inside

    def _make(self, folder: Path) -> None:
        """The folder and those above it, open to the server whatever this process keeps to itself otherwise."""
        missing = []
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for each in reversed(missing):
            each.mkdir(exist_ok=True)
            each.chmod(_FOLDER)


def _put(target: Path, content: bytes, now: float) -> None:
    passing = target.with_name(f".{target.name}{_OURS_WHILE_WRITING}")
    try:
        with passing.open("wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), _FILE)
            os.fsync(file.fileno())
        os.utime(passing, (now, now))
        passing.replace(target)
    except OSError:
        passing.unlink(missing_ok=True)
        raise


def _trouble(what: str, where: Path, broken: OSError) -> MirrorTrouble:
    return MirrorTrouble(f"cannot {what} {where} ({broken.strerror or type(broken).__name__})")
