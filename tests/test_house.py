"""The rules of the house that a machine can check; import directions are in pyproject.toml, checked by lint-imports."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = ("incidents", "statuspage")
ROOMS_THAT_NEVER_COMMIT = ("actions", "policy", "published", "records", "reports", "messages", "access")
BINARY = {".png", ".jpg", ".ico", ".woff2", ".db", ".zip", ".gz"}


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the project: what git tracks, and what it would not ignore."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    told = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(path for line in told.splitlines() if (path := ROOT / line).is_file())


def sources(*folders: str, suffix: str = ".py") -> Iterator[tuple[Path, str]]:
    for path in tracked():
        where = path.relative_to(ROOT)
        if path.suffix == suffix and (not folders or where.parts[0] in folders or str(where) in folders):
            yield where, path.read_text(encoding="utf-8")


def trees(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for where, source in sources(*folders):
        yield where, ast.parse(source)


def places(pattern: str, found: Iterator[tuple[Path, str]], flags: re.RegexFlag = re.IGNORECASE) -> list[str]:
    wanted = re.compile(pattern, flags)
    return [
        f"{where}:{number}"
        for where, source in found
        for number, line in enumerate(source.splitlines(), 1)
        if wanted.search(line)
    ]


def test_the_arrows_between_rooms_point_one_way() -> None:
    found = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run(['--no-cache'])"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-1000:]


def test_every_module_says_what_its_job_is() -> None:
    silent = [
        str(where) for where, tree in trees(*OURS, "wsgi.py", "tests") if tree.body and not ast.get_docstring(tree)
    ]
    assert silent == []


def test_every_module_has_its_annotations_read_late() -> None:
    late = "from __future__ import annotations"
    # a module that is only its docstring has none
    eager = [
        str(where) for where, source in sources(*OURS, "wsgi.py", "tests") if late not in source and "def " in source
    ]
    assert eager == []


def test_actions_never_commit() -> None:
    committing = [
        f"{where}:{node.lineno}"
        for where, tree in trees("incidents")
        if where.parts[1] in ROOMS_THAT_NEVER_COMMIT
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]
    # signing in is remembered even when the request is refused
    allowed = {"incidents/access/sessions.py", "incidents/access/tokens.py"}
    assert [place for place in committing if place.split(":")[0] not in allowed] == []


def test_nothing_is_pickled_or_evaluated() -> None:
    words = r"^\s*(?:import|from)\s+(?:pickle|marshal|shelve|dill)\b|\b(?:eval|exec)\("
    assert places(words, sources(*OURS, "wsgi.py")) == []


def test_the_time_is_asked_of_one_clock() -> None:
    words = r"datetime\.(?:now|utcnow|today)\(|date\.today\(|[^_.\w]time\.time\(|func\.now\("
    # the scheduler wakes by the machine's own clock; what is due is asked of ours
    apart = ("incidents/kernel/clock.py", "incidents/jobs/timetable.py")
    found = [place for place in places(words, sources(*OURS)) if not place.startswith(apart)]
    assert found == []


def test_templates_have_no_inline_script_style_or_unescaped_text() -> None:
    words = r"\|\s*safe\b|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:|autoescape\s+false"
    assert places(words, sources("templates", suffix=".html")) == []


def test_the_word_is_e_mail_on_every_screen_and_in_every_letter() -> None:
    words = r"\bEmails?\b(?! Service)|\b(?:an|the|by|via|your|their|our) emails?\b"
    for suffix in (".html", ".toml", ".py"):
        assert places(words, sources("templates", *OURS, suffix=suffix), re.NOFLAG) == []


def test_public_and_private_pages_share_no_partial() -> None:
    private = r"(?:include|extends|import|from)\s+[\"']console/"
    public = r"(?:include|extends|import|from)\s+[\"']statuspage/"
    crossing = (
        places(private, sources("templates", suffix=".html")),
        places(public, sources("templates", suffix=".html")),
    )
    assert [place for place in crossing[0] if place.startswith("templates/statuspage")] == []
    assert [place for place in crossing[1] if place.startswith("templates/console")] == []


def test_nothing_unfinished_is_left() -> None:
    words = r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b|raise NotImplemented" + r"Error"
    assert places(words, sources(*OURS, "wsgi.py", "tests", "migrations"), re.NOFLAG) == []


def test_no_test_is_skipped() -> None:
    words = r"pytest\.(?:mark\.)?(?:ski" + r"p|skipif|xfa" + r"il)|unittest\.ski" + r"p"
    assert places(words, sources("tests")) == []


def test_no_machine_and_no_registry_is_named() -> None:
    # written apart, or this file would be the first to break its own rule
    hosts = [
        "py" + "pi.org",
        "python" + "hosted",
        "npm" + "js",
        "deb." + "debian",
        "registry." + "npm",
        "unpkg" + ".com",
        "jsde" + "livr",
    ]
    paths = ["file" + ":///", "/ro" + "ot/", "/wo" + "rk/", "/op" + "t/"]
    wanted = re.compile("|".join(re.escape(word) for word in hosts + paths))
    named = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in tracked()
        if path.suffix not in BINARY and (match := wanted.search(path.read_text(encoding="utf-8", errors="replace")))
    ]
    assert named == []


def test_no_lock_with_addresses_is_kept() -> None:
    refused = {"uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock", "package-lock.json", "yarn.lock"}
    assert [path.name for path in tracked() if path.name in refused] == []


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "manager", "misc", "util", "helper"])
def test_no_room_is_named_for_nothing(name: str) -> None:
    assert [str(path) for path in tracked() if name in (path.stem, path.parent.name) and path.suffix == ".py"] == []


def test_what_catches_everything_raises_it_again_or_says_why_it_may() -> None:
    """Only the rim of a loop that must go on may, and it says so on the line."""
    unexplained = [
        f"{where}:{node.lineno}"
        for where, source in sources(*OURS, "wsgi.py")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
        and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
        and "#" not in source.splitlines()[node.lineno - 1]
    ]
    assert unexplained == []


def test_each_catalogue_can_be_read() -> None:
    # merging keeps the lines of both sides, so that one sentence may come to stand in it twice
    for path in (ROOT / "templates" / "languages").glob("*.toml"):
        assert tomllib.loads(path.read_text(encoding="utf-8")), path
