"""What people write in Slack, read back from Slack's markup into the Markdown of a timeline."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

# https://docs.slack.dev/messaging/formatting-message-text: <@U42>, <#C42|ops>, <!here>, <https://example.com|example>
_SIGN = re.compile(r"<([^<>\n]*)>")
_PERSON = re.compile(r"<@([A-Z0-9]{2,30})(?:\|[^<>]*)?>", re.ASCII)
_ESCAPED = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def people_named(words: str) -> list[str]:
    """The Slack users who are mentioned, each once."""
    return list(dict.fromkeys(_PERSON.findall(words)))


def readable(words: str, names: Mapping[str, str]) -> str:
    """The text as Slack shows it. ``names`` holds, by Slack user, how those who are mentioned are called."""
    return _unescaped(_SIGN.sub(lambda found: _sign(found[1], names), words))


def link(label: str, url: str) -> str:
    """A link in Markdown; only the label where the address is none for a page."""
    label = re.sub(r"([\[\]\\])", r"\\\1", " ".join(label.split()))
    if not url.startswith(("https://", "http://")) or any(ord(each) < 33 for each in url):
        return label
    url = url.replace("(", "%28").replace(")", "%29").replace("<", "%3C").replace(">", "%3E")
    return f"[{label}]({url})" if label else url


def with_links(words: str, files: Sequence[tuple[str, str]]) -> str:
    """The text, and below it the files (name, address) as a list of links: they stay where they are."""
    listed = "\n".join(f"- {link(name, url)}" for name, url in files)
    return "\n\n".join(each for each in (words.strip(), listed) if each)


def _sign(inner: str, names: Mapping[str, str]) -> str:
    target, _, label = inner.partition("|")
    if target.startswith("@"):
        return f"@{names.get(target[1:]) or label.removeprefix('@') or target[1:]}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        # <!here>, <!subteam^S42|@team>, <!date^1700000000^{date}|14 November>
        return label or f"@{target[1:].partition('^')[0]}"
    if target.startswith("mailto:"):
        return label or target.removeprefix("mailto:")
    if not label or label in (target, target.partition("://")[2]):
        return target
    return link(_unescaped(label), _unescaped(target))


def _unescaped(words: str) -> str:
    for written, meant in _ESCAPED:
        words = words.replace(written, meant)
    return words
