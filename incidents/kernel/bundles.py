"""Files that browsers get as one: each behaviour and each layer stays a file of its own to read and to change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

# in the order in which they are run, and in which later rules win
BUNDLES: Mapping[str, Sequence[str]] = {
    "console.css": tuple(f"css/{name}.css" for name in ("tokens", "base", "shell", "controls", "parts", "screens")),
    "console.js": tuple(
        f"js/{name}.js"
        for name in (
            "clock",
            "countdown",
            "ring",
            "keys",
            "palette",
            "once",
            "weather",
            "draft",
            "copy",
            "forms",
            "poll",
        )
    ),
}


def contents(folder: Path, path: str) -> bytes:
    """The bytes of ``<folder>/<path>``, a file or a bundle of several. Raises OSError where neither is there."""
    parts = BUNDLES.get(path)
    if parts is None:
        return (folder / path).read_bytes()
    return b"\n".join(_without_remarks((folder / part).read_bytes()) for part in parts)


def _without_remarks(source: bytes) -> bytes:
    """Lines that only a reader of the source needs, and indentation, left out: it is a third of what is sent."""
    lines = (line.strip() for line in source.splitlines())
    return b"\n".join(line for line in lines if line and not line.startswith(b"//"))


def changed_at(folder: Path, path: str) -> int:
    """When it was last changed, in nanoseconds. Raises OSError where there is nothing."""
    return max((folder / part).stat().st_mtime_ns for part in BUNDLES.get(path, (path,)))


def is_there(folder: Path, path: str) -> bool:
    """Whether that is a bundle, or a file."""
    return path in BUNDLES or (folder / path).is_file()
