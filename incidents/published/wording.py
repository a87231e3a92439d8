"""Text as it may be stored: without what no database, page or feed can carry."""

from __future__ import annotations

import re

# C0 and C1 controls but tab and line feed, half surrogates, and the two code points that are no characters.
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Marks that turn the direction of whatever follows them: a name may not reverse the sentence that it stands in.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SPACES = re.compile(r"\s+")


def speakable(text: str) -> str:
    """The text without characters that no database, page or feed can carry."""
    return _UNSPEAKABLE.sub("", text)


def one_line(text: str) -> str:
    """A name or a title: one line, single spaces, nothing invisible."""
    return _SPACES.sub(" ", _TURNING.sub("", _UNSPEAKABLE.sub("", text.replace("\r", "\n")))).strip()


def many_lines(text: str) -> str:
    """A body: its lines, ended by line feeds."""
    return _UNSPEAKABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
