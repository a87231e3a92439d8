"""What the documentation says exists: files, headings, commands, settings, addresses; and it all becomes HTML."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

from incidents import cli

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"""\]\(([^)\s]+)\)|(?:href|src|srcset)="([^"]+)\"""")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
# Words in capitals that are no settings of ours: systemd's and make's own, SQL, and the tests' (CONTRIBUTING).
FOREIGN = {
    "ARGS",
    "FILE",
    "SSL_CERT_FILE",
    "REV",
    "EMAIL",
    "NAME_FILE",
    "DIR",
    "SIGTERM",
    "SIGINT",
    "HTML",
    "HTTP",
    "INC",
    "JSON",
    "GET",
    "HEAD",
}


def _builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_build", ROOT / "docs" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BUILDER = _builder()
PAGES: list[Path] = BUILDER.sources()


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _links(page: Path) -> Iterator[str]:
    for match in LINK.finditer(CODE.sub("", page.read_text(encoding="utf-8"))):
        yield match[1] or match[2]


def _code(page: Path) -> str:
    return "\n".join(CODE.findall(page.read_text(encoding="utf-8")))


def _anchors(page: Path) -> set[str]:
    return set(re.findall(r'<h\d id="([^"]+)"', BUILDER.html_of(page.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = []
    for link in _links(page):
        if re.match(r"https?:|mailto:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            lost.append(link)

    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_command_and_target_it_names_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = re.findall(r"(?:^|`|\.venv/bin/)sevenbells ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)?)", _code(page), re.MULTILINE)

    assert [words for words in named if not _is_command(words)] == []
    assert set(re.findall(r"(?<![\w/.-])make ([a-z]+)\b", _code(page))) <= targets


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent == ROOT / "docs"], ids=_name)
def test_every_setting_it_names_exists(page: Path) -> None:
    named = set(re.findall(r"(?<![\w/%.$-])([A-Z][A-Z]+(?:_[A-Z]+)+|HOST|PORT)(?![\w-])", _code(page)))

    assert named - FOREIGN - _settings() == set()


def test_the_table_of_settings_is_whole() -> None:
    table = "\n".join(
        re.findall(r"^\| (`[^|]+) \|", (ROOT / "docs/settings.md").read_text(encoding="utf-8"), re.MULTILINE)
    )

    assert set(re.findall(r"`([A-Z_]+)`", table)) == _settings()


def test_every_page_is_reached_from_the_index() -> None:
    found, waiting = set(), [ROOT / "docs" / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in found or page not in PAGES:
            continue
        found.add(page)
        waiting += [
            (page.parent / link.partition("#")[0]).resolve() for link in _links(page) if not link.startswith("http")
        ]

    assert {page for page in PAGES if "docs" in page.parts} <= found


def test_it_becomes_html_whose_links_hold(tmp_path: Path) -> None:
    written = BUILDER.build(tmp_path)

    lost = [
        f"{page.name}: {link}"
        for page in written
        for link in re.findall(r'(?:href|src)="([^"#]+)', page.read_text(encoding="utf-8"))
        if not link.startswith(("http", "mailto:")) and link.endswith(".html") and not (page.parent / link).exists()
    ]
    assert len(written) == len(PAGES)
    assert lost == []


def _is_command(words: str) -> bool:
    first, _, second = words.partition(" ")
    found = cli.program.get_command(click.Context(cli.program), first)
    if found is None:
        return False
    return not isinstance(found, click.Group) or not second or second in found.commands


def _settings() -> set[str]:
    code = (ROOT / "incidents/kernel/settings.py").read_text(encoding="utf-8")
    return set(re.findall(r'reader\.(?:text|parsed)\(\s*"([A-Z_]+)"', code))
