"""Turns README, CONTRIBUTING, SECURITY, CHANGELOG and docs/*.md into HTML: `python docs/build.py FOLDER`."""

from __future__ import annotations

import re
import sys
from html import escape
from pathlib import Path

from markdown import Markdown

ROOT = Path(__file__).resolve().parents[1]
_STYLE = """
:root{color-scheme:light dark}
body{max-width:46rem;margin:2rem auto;padding:0 1rem;font:16px/1.55 system-ui,sans-serif}
pre,code{font:14px/1.5 ui-monospace,monospace}pre{padding:.75rem 1rem;overflow:auto;border:1px solid #8885;border-radius:6px}
table{border-collapse:collapse;display:block;overflow:auto}th,td{border-bottom:1px solid #8885;padding:.35rem .75rem .35rem 0;
text-align:left;vertical-align:top}img{max-width:100%;height:auto}h1,h2{line-height:1.2}
@media print{@page{margin:11mm 13mm}body{font-size:8.6pt;line-height:1.25;margin:0;max-width:none}h2{margin:.6em 0 .2em;break-after:avoid}
h1{font-size:15pt;margin:0}h2{font-size:11pt}p,ul,ol,table{margin:.3em 0}table{display:table;width:100%}code{font-size:inherit;line-height:1}ul,ol{padding-left:1.6em}td,th{padding-top:.1rem;padding-bottom:.1rem}table,pre,li{break-inside:avoid}nav{display:none}}
"""
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<nav aria-label="Documentation"><a href="{home}">Sevenbells, documentation</a></nav>
<main>
{body}
</main>
</body>
</html>
"""


def sources() -> list[Path]:
    """Every Markdown file that people read, README first."""
    top = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
    return [*top, *sorted((ROOT / "docs").rglob("*.md"))]


def html_of(text: str) -> str:
    """The text as HTML; headings get the anchors that links to them use."""
    return Markdown(extensions=["tables", "fenced_code", "toc", "sane_lists", "md_in_html"]).convert(text)


def build(folder: Path) -> list[Path]:
    """Write all pages below ``folder``, each where its source lies, and the pictures they show."""
    written = []
    for source in sources():
        target = (folder / source.relative_to(ROOT)).with_suffix(".html")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_page(source), encoding="utf-8")
        written.append(target)
    for picture in (ROOT / "docs").rglob("*.png"):
        copy = folder / picture.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(picture.read_bytes())
    return written


def _page(source: Path) -> str:
    text = source.read_text(encoding="utf-8")
    up = "../" * len(source.relative_to(ROOT).parent.parts)
    body = re.sub(r'(href="(?!https?:)[^"#]*)\.md(["#])', r"\1.html\2", html_of(text))
    return _PAGE.format(title=escape(_title(text)), style=_STYLE, home=f"{up}docs/README.html", body=body)


def _title(text: str) -> str:
    heading = re.search(r"^# (.+)$", text, re.MULTILINE)
    return heading[1] if heading else "Sevenbells"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("docs/build.py: name the folder to write into")
    print(f"{len(build(Path(sys.argv[1])))} pages in {sys.argv[1]}")
