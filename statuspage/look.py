"""What every page carries inside itself: style, script, and the policy that allows exactly these two."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from markupsafe import Markup

from incidents.kernel import languages

ROOT = Path(__file__).resolve().parent.parent
_CSS = ROOT / "static" / "css"
_SHEETS = ("tokens.css", "statuspage.css", "statuspage_incident.css")
_EMBEDDED_SHEETS = ("tokens.css", "statuspage_embed.css")
_SCRIPT = ROOT / "static" / "js" / "statuspage.js"
_EMBEDDED_SCRIPT = ROOT / "static" / "js" / "statuspage_embed.js"


@dataclass(frozen=True)
class Look:
    """Style and script as they stand in the page, and the Content-Security-Policy that names their hashes."""

    css: Markup
    script: Markup
    policy: str


@lru_cache(maxsize=8)
def look(accent: str | None, accent_dark: str | None) -> Look:
    """The page's look, with the team's own accent if it has one (both are checked where they are set)."""
    return _look(_SHEETS, _SCRIPT, accent, accent_dark, framed_by="'none'")


@lru_cache(maxsize=8)
def embedded_look(accent: str | None, accent_dark: str | None) -> Look:
    """The look of the banner, which any site may frame."""
    return _look(_EMBEDDED_SHEETS, _EMBEDDED_SCRIPT, accent, accent_dark, framed_by="*")


@lru_cache(maxsize=1)
def version() -> str:
    """Changes whenever the code, the templates, the catalogues or the style that make the page do."""
    digest = hashlib.sha256()
    parts = [*(ROOT / "statuspage").glob("*.py"), *(ROOT / "templates" / "statuspage").glob("*.html")]
    inlined = [_SCRIPT, _EMBEDDED_SCRIPT, *(_CSS / sheet for sheet in {*_SHEETS, *_EMBEDDED_SHEETS})]
    for path in sorted([*parts, *inlined, *languages.FOLDER.glob("*.toml")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _look(
    sheets: tuple[str, ...], script_file: Path, accent: str | None, accent_dark: str | None, *, framed_by: str
) -> Look:
    css = _small_css("".join((_CSS / sheet).read_text(encoding="utf-8") for sheet in sheets))
    if accent:
        css += f":root{{--accent:{accent}}}"
    if accent_dark:
        css += f"@media screen and (prefers-color-scheme:dark){{:root{{--accent:{accent_dark}}}}}"
    script = _small_script(script_file.read_text(encoding="utf-8"))
    policy = (
        f"default-src 'none'; style-src {_hash(css)}; script-src {_hash(script)}; img-src 'self' data:; "
        f"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {framed_by}"
    )
    return Look(Markup(css), Markup(script), policy)  # noqa: S704 - our own files


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _small_css(css: str) -> str:
    """Without comments, spaces and what only the console's tokens need."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"@layer [^{};]*;", "", css)
    css = re.sub(r":root\[data-theme=dark\]\s*\{[^{}]*\}", "", css)
    css = css.replace(":root:not([data-theme=light])", ":root")
    css = re.sub(r"\s+", " ", css)
    return re.sub(r" ?([{};,>]) ?|: | !", lambda found: found[0].strip(), css).replace(";}", "}").strip()


def _small_script(script: str) -> str:
    lines = (re.sub(r"\s*(?:// .*|/\* .* \*/)", "", line).strip() for line in script.splitlines())
    return "\n".join(line for line in lines if line)
