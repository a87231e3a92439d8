"""What every command begins with: settings that hold, a disk that SQLite can trust, and the application."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from incidents.kernel import settings as settings_module
from incidents.kernel.settings import Settings

from .failures import CouldNot

if TYPE_CHECKING:
    from flask import Flask

# Write-ahead logging needs memory shared by every process that opens the file, which no network gives.
_NETWORK_DISKS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "afpfs", "fuse.sshfs", "glusterfs", "ceph"})


def settings() -> Settings:
    """The settings of the environment, refused where they are wrong or the disk cannot be trusted."""
    chosen = settings_module.load()
    chosen.data_dir.mkdir(parents=True, exist_ok=True)
    if chosen.is_sqlite:
        refuse_network_disk(_folder_of_database(chosen))
    return chosen


def application() -> Flask:
    """The whole application, for a command that acts on it; its connections close with its context."""
    chosen = settings()
    import wsgi
    from incidents.kernel.database import db

    app = wsgi.create_app(chosen)

    @app.teardown_appcontext
    def _hang_up(_broken: BaseException | None) -> None:
        db.session.remove()
        db.engine.dispose()

    return app


def refuse_network_disk(folder: Path) -> None:
    """Raise CouldNot where a SQLite file in ``folder`` would lie on a network disk."""
    kind = kind_of_disk(folder)
    if kind in _NETWORK_DISKS:
        raise CouldNot(
            f"{folder} is on a network disk ({kind}), where SQLite loses writes: "
            "set DATA_DIR to a local disk, or DATABASE_URL to a PostgreSQL."
        )


def _folder_of_database(chosen: Settings) -> Path:
    """The folder of the SQLite file, made where it is missing."""
    path = Path(chosen.database_url.partition("///")[2].partition("?")[0]).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.parent


def kind_of_disk(folder: Path) -> str:
    """The name of the file system that ``folder`` (or its nearest existing parent) is on; empty when unknown."""
    while not folder.exists():
        folder = folder.parent
    mounts = _mounts()
    above = [point for point in mounts if folder.resolve().is_relative_to(point)]
    return mounts[max(above, key=lambda point: len(point.parts))] if above else ""


def _mounts() -> dict[Path, str]:
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
        fields = [line.split(" ") for line in lines]
        return {Path(field[1].replace("\\040", " ")): field[2] for field in fields}
    except OSError:
        pass
    try:  # macOS: "/dev/disk1 on /Volumes/x (nfs, nodev)"
        told = subprocess.run(["mount"], capture_output=True, text=True, check=True, timeout=5).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    points = [line.partition(" on ")[2].rpartition(" (") for line in told.splitlines()]
    return {Path(point): kind.split(",")[0] for point, _, kind in points}
