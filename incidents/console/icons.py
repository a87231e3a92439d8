"""Drawings of 16 by 16: state silhouettes, severity bars and signs, put into a page only where it uses them."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask, g, has_request_context
from markupsafe import Markup, escape

# what is cut out of a filled shape shows the ground it stands on
_CUT = "var(--cut,var(--surface))"

# every state has a silhouette of its own: disc, triangle, half ring, octagon, square, dashed ring
_STATES: dict[str, str] = {
    "ok": (
        '<circle cx="8" cy="8" r="7" fill="currentColor"/>'
        f'<path d="M4.9 8.3 7 10.4l4.2-4.7" fill="none" stroke="{_CUT}" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"/>'
    ),
    "deg": (
        '<path d="M8 1.9 14.7 13.6H1.3z" fill="currentColor" stroke="currentColor" stroke-width="1.6" stroke-linejoin="round"/>'
        f'<path d="M8 5.8v3.7" stroke="{_CUT}" stroke-width="1.6" stroke-linecap="round"/>'
        f'<circle cx="8" cy="11.9" r=".95" fill="{_CUT}"/>'
    ),
    "part": (
        '<circle cx="8" cy="8" r="6.1" fill="none" stroke="currentColor" stroke-width="1.8"/>'
        '<path d="M8 1.9a6.1 6.1 0 0 1 0 12.2z" fill="currentColor"/>'
    ),
    "maj": (
        '<path d="M5.2 1.2h5.6l4 4v5.6l-4 4H5.2l-4-4V5.2z" fill="currentColor"/>'
        f'<path d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8" stroke="{_CUT}" stroke-width="1.7" stroke-linecap="round"/>'
    ),
    "mnt": (
        '<rect x="1.2" y="1.2" width="13.6" height="13.6" rx="3" fill="currentColor"/>'
        f'<path d="M8 4.4v3.9l2.5 1.6" fill="none" stroke="{_CUT}" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"/>'
    ),
    "none": '<circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.5" stroke-dasharray="2.4 2.2"/>',
}

# drawn with one line of 1.5
_LINES: dict[str, str] = {
    "now": '<path d="M1.5 8h3l2-4.5 3 9L11.6 8h2.9"/>',
    "list": ('<path d="M5.5 4h9M5.5 8h9M5.5 12h9"/><path d="M2 4h.01M2 8h.01M2 12h.01" stroke-width="2"/>'),
    "person": '<circle cx="8" cy="5" r="2.6"/><path d="M2.8 14c.5-2.8 2.5-4.2 5.2-4.2s4.7 1.4 5.2 4.2"/>',
    "users": (
        '<circle cx="6" cy="5.2" r="2.4"/>'
        '<path d="M1.5 13.5c.4-2.6 2.1-3.9 4.5-3.9s4.1 1.3 4.5 3.9M10.4 3a2.4 2.4 0 0 1 0 4.4M12 9.9c1.4.5 2.2 1.7 2.5 3.6"/>'
    ),
    "check": '<path d="m3 8.6 3.2 3.2L13 4.6"/>',
    "todo": '<rect x="2" y="2" width="12" height="12" rx="2.5"/><path d="m5 8.2 2.1 2.1L11 6"/>',
    "doc": ('<path d="M3.5 1.8h6l3.2 3.2v9.2H3.5z"/><path d="M9.3 1.9V5.2h3.3M5.8 8.3h4.4M5.8 11h4.4"/>'),
    "chart": '<path d="M2 2v12h12"/><path d="M5 11V8.5M8 11V5M11 11V7"/>',
    "cal": '<rect x="2" y="3" width="12" height="11" rx="1.5"/><path d="M2 6.5h12M5.2 1.5V4M10.8 1.5V4"/>',
    "gear": (
        '<path d="M2 4.5h6.5M12 4.5h2M2 11.5h2M7.5 11.5H14"/>'
        '<circle cx="10.2" cy="4.5" r="1.7"/>'
        '<circle cx="5.8" cy="11.5" r="1.7"/>'
    ),
    "globe": (
        '<circle cx="8" cy="8" r="6.2"/>'
        '<path d="M1.9 8h12.2M8 1.8c2 1.9 2.9 3.9 2.9 6.2S10 12.3 8 14.2C6 12.3 5.1 10.3 5.1 8S6 3.7 8 1.8z"/>'
    ),
    "lock": ('<rect x="3" y="7" width="10" height="7" rx="1.5"/><path d="M5.2 7V4.8a2.8 2.8 0 0 1 5.6 0V7"/>'),
    "plus": '<path d="M8 3v10M3 8h10"/>',
    "search": '<circle cx="7" cy="7" r="4.5" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="m10.5 10.5 3.7 3.7" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round"/>',
    "x": '<path d="m4 4 8 8m0-8-8 8"/>',
    "chev": '<path d="m6 3.5 4.5 4.5L6 12.5"/>',
    "down": '<path d="m3.5 6 4.5 4.5L12.5 6"/>',
    "clock": '<circle cx="8" cy="8" r="6.2"/><path d="M8 4.6V8l2.3 1.6"/>',
    "bolt": '<path d="M9 1.5 3 9h4l-.8 5.5L13 6.8H8.8z"/>',
    "up": '<path d="M8 13.5v-11M3.8 6.7 8 2.5l4.2 4.2"/>',
    "note": '<path d="m10.6 2.6 2.8 2.8-7.9 7.9-3.4.6.6-3.4z"/>',
    "menu": '<path d="M2 4.5h12M2 8h12M2 11.5h12"/>',
    "mail": ('<rect x="1.8" y="3.2" width="12.4" height="9.6" rx="1.5"/><path d="m2.2 4.5 5.8 4.3 5.8-4.3"/>'),
    "pin": '<path d="M5.5 2h5l-.6 4.5 2.3 2.3H3.8l2.3-2.3zM8 8.8V14"/>',
    "swap": '<path d="M2.5 5.5h10M9.7 2.5l3 3-3 3M13.5 10.5h-10M6.3 7.5l-3 3 3 3"/>',
    "chat": '<path d="M2.5 3h11v7.5H7L4 13.2v-2.7H2.5z"/>',
    "phone": '<rect x="4.8" y="1.5" width="6.4" height="13" rx="1.5"/><path d="M7.2 12.3h1.6"/>',
    "key": '<circle cx="5.2" cy="10.8" r="3.2"/><path d="m7.5 8.5 6-6M11 5l2 2"/>',
}

_FILLED: dict[str, str] = {
    "dots": (
        '<g fill="currentColor"><circle cx="3" cy="8" r="1.3"/>'
        '<circle cx="8" cy="8" r="1.3"/>'
        '<circle cx="13" cy="8" r="1.3"/>'
        "</g>"
    ),
}

_STATE_WORDS = {
    "ok": "Operational", "deg": "Degraded", "part": "Partial outage", "maj": "Major outage", "mnt": "Maintenance", "none": "No data",
}  # fmt: skip
STATE_OF = {
    "operational": "ok",
    "degraded_performance": "deg",
    "partial_outage": "part",
    "major_outage": "maj",
    "under_maintenance": "mnt",
}
_SEVERITY_WORDS = {"P1": "Critical", "P2": "High", "P3": "Medium", "P4": "Low"}


def init_app(app: Flask) -> None:
    """Give templates ``icon``, ``state``, ``sev`` and ``sprite``."""
    app.add_template_global(icon)
    app.add_template_global(state)
    app.add_template_global(sev)
    app.add_template_global(sprite)
    app.add_template_filter(state_short)
    app.add_template_filter(state_phrase)


def icon(name: str, size: int = 16, label: str | None = None, classes: str = "") -> Markup:
    """A drawing beside words, or alone with a ``label``; it is noted so that ``sprite`` brings it."""
    if name not in _SYMBOLS:
        raise KeyError(f"there is no icon {name!r}")
    if has_request_context():
        g.setdefault("icons", set()).add(name)
    role = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="{}" width="{}" height="{}" {}><use href="#i-{}"/></svg>').format(
        f"i {classes}".strip(), size, size, role, name
    )


def state(status: str, word: str | None = None) -> Markup:
    """A component's state: silhouette and word, always both. Takes the Statuspage word or the short one."""
    short = STATE_OF.get(status, status)
    return Markup('<span class="st st-{}">{}<span>{}</span></span>').format(
        short, icon(short), word or _STATE_WORDS[short]
    )


def state_short(status: str) -> str:
    """``deg`` for ``degraded_performance``: the word in classes and drawings."""
    return STATE_OF.get(status, "none")


def state_phrase(status: str) -> str:
    """How a state continues a sentence: "API degraded"."""
    return _STATE_WORDS[state_short(status)].lower()


def sev(severity: str, *, long: bool = True) -> Markup:
    """The severity badge: bars, ``P1``, and its word unless the title stands beside it."""
    upper = severity.upper()
    word = Markup(" {}").format(_SEVERITY_WORDS[upper]) if long else ""
    return Markup('<span class="sev sev-{}">{}<b>{}</b>{}</span>').format(
        upper.lower(), icon(upper.lower(), 14), upper, word
    )


def sprite(also: Iterable[str] = ()) -> Markup:
    """The symbols that this page used so far, and those that fragments may bring later; print it last."""
    used = sorted({*g.get("icons", set()), *also})
    symbols = Markup("").join(
        Markup('<symbol id="i-{}" viewBox="0 0 16 16">{}</symbol>').format(escape(name), Markup(_SYMBOLS[name]))  # noqa: S704 - our own drawings
        for name in used
    )
    return Markup('<svg width="0" height="0" class="vh" aria-hidden="true">{}</svg>').format(symbols)


def _severity_bars(filled: int) -> str:
    heights = (4, 7, 10, 13)
    return "".join(
        f'<rect x="{1 + place * 3.8:.1f}" y="{14.5 - height}" width="2.6" height="{height}" rx=".6" fill="currentColor"'
        + ("/>" if place < filled else ' opacity=".28"/>')
        for place, height in enumerate(heights)
    )


def _stroked(drawing: str) -> str:
    return f'<g fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">{drawing}</g>'


_SYMBOLS: dict[str, str] = {
    **_STATES,
    **{f"p{5 - filled}": _severity_bars(filled) for filled in (1, 2, 3, 4)},
    **{name: _stroked(drawing) for name, drawing in _LINES.items()},
    **_FILLED,
}
