"""Letters to admins about Sevenbells itself: what it does not do at present, and that it does again."""

from __future__ import annotations

from .letters import Button, Letter

_FOOTER = ("You get this because you are an admin of Sevenbells.",)


def fault(sentence: str, advice: str, *, since: str, address: str, thread: str) -> Letter:
    """Something that should have happened has not."""
    said = _as_sentence(sentence)
    return Letter(
        subject=f"Sevenbells: {sentence}",
        paragraphs=(said, advice, f"Found at {since}."),
        buttons=(Button("Open the console", address),),
        thread=thread,
        footer=_FOOTER,
    )


def over(sentence: str, *, since: str, address: str, thread: str) -> Letter:
    """And now it is well."""
    return Letter(
        subject=f"Sevenbells: over, {sentence}",
        paragraphs=(f"This is over: {sentence}.", f"It had been found at {since}."),
        buttons=(Button("Open the console", address),),
        thread=thread,
        footer=_FOOTER,
    )


def _as_sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
