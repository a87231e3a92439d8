"""A logo drawn in SVG: what can draw is kept, what can do anything else is left out."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.published.logo import MOST_BYTES, made_harmless

HEAD = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def drawn(inside: str, head: str = 'viewBox="0 0 10 10"') -> str:
    return made_harmless(f"<svg {HEAD} {head}>{inside}</svg>".encode()).decode()


def test_what_draws_is_kept() -> None:
    kept = drawn(
        "<style>/* export */.a,.b{fill:#0a566b;font:x}.b{stroke:none}</style>"
        '<defs><linearGradient id="g"><stop offset="0" style="stop-color:#fff;behavior:url(x)"/></linearGradient></defs>'
        '<g transform="translate(1 2)"><path class="b" d="M0 0h9v9z"/><circle fill="url(#g)" cx="1" cy="2" r="3"/></g>'
    )
    assert '<path d="M0 0h9v9z" fill="#0a566b" stroke="none"></path>' in kept
    assert '<circle fill="url(#g)" cx="1" cy="2" r="3"></circle>' in kept
    assert '<stop offset="0" stop-color="#fff"></stop>' in kept
    assert 'viewBox="0 0 10 10"' in kept
    assert made_harmless(kept.encode()).decode() == kept


HARM = (
    "<script>alert(1)</script>",
    '<path onload="alert(1)" d="M0 0"/>',
    '<a xlink:href="javascript:alert(1)"><path d="M0 0"/></a>',
    '<image href="https://evil.example/x.png"/>',
    "<foreignObject><p xmlns='http://www.w3.org/1999/xhtml' onclick='x'>x</p></foreignObject>",
    "<use xlink:href='https://evil.example/x.svg#y'/>",
    '<path style="fill:url(https://evil.example/x)" d="M0 0"/>',
    '<path fill="url(https://evil.example/x)" d="M0 0"/>',
    '<path clip-path="URL( //evil.example/#x )" d="M0 0"/>',
    "<style>@import 'https://evil.example/x.css';.a{fill:url(//evil.example)}</style><path class='a' d='M0 0'/>",
    "<animate attributeName='href' to='javascript:alert(1)'/>",
    "<set attributeName='onmouseover' to='alert(1)'/>",
    '<svg onload="alert(1)"><path d="M0 0"/></svg>',
    "<metadata><x xmlns='https://evil.example/'>x</x></metadata>",
    "<text>javascript:alert(1)</text>",
    '<path id="x&quot; onload=&quot;alert(1)" d="M0 0"/>',
)


def test_what_does_anything_else_is_left_out() -> None:
    for harm in HARM:
        kept = drawn(harm + '<rect width="1" height="1"/>')
        words = ("script", "alert", "evil", "xlink", "onload", "<a", "<style", "<image", "<use", "foreign", "import")
        assert not [word for word in words if word in kept.lower()], harm
        assert '<rect width="1" height="1"></rect>' in kept


@pytest.mark.parametrize(
    ("uploaded", "said"),
    [
        ('<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg xmlns="http://www.w3.org/2000/svg">&b;</svg>', "document type"),
        ('<!DOCTYPE svg [<!ENTITY x SYSTEM "/etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg">&x;</svg>', "document type"),
        (f"<svg {HEAD} viewBox='0 0 1 1'><text>Only words</text></svg>", "draws nothing"),
        (f"<svg {HEAD}><path d='M0 0'/></svg>", "how large it is"),
        ("<html><body>hello</body></html>", "This is no SVG file."),
        (f"<svg {HEAD} viewBox='0 0 1 1'>" + "<g>" * 500 + "</g>" * 500 + "</svg>", "too complicated"),
        (f"<svg {HEAD} viewBox='0 0 1 1'><style>{'/*' * 200_000}</style></svg>", "too complicated"),
        (f"<svg {HEAD} viewBox='0 0 1 1'><path d='{'M0 0 ' * 9000}'/></svg>", "over 8 kB"),
        ("<svg", "damaged"),
    ],
)  # fmt: skip
def test_a_drawing_that_will_not_do_is_refused_in_words(uploaded: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        made_harmless(uploaded.encode())


@given(st.text(max_size=60), st.text(max_size=60), st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_whatever_comes_is_refused_or_well_formed(name: str, value: str, raw: bytes) -> None:
    quoted = value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    shaped = f'<svg {HEAD} viewBox="0 0 1 1"><path d="{quoted}" class="{quoted}" style="{quoted}"/>{name}</svg>'
    for uploaded in (shaped.encode("utf-8", "surrogatepass"), b"<" + raw):
        try:
            kept = made_harmless(uploaded)
        except ValueError:
            continue
        assert len(kept) <= MOST_BYTES
        assert ET.fromstring(kept).tag == "{http://www.w3.org/2000/svg}svg"
