"""What an environment holds: a digest for the certificate (decision 6), and what of it points out of the lane."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from orchestrator.adapters.lane_paths import LanePaths
from orchestrator.adapters.shell_mounts import TOOLS_WRITE

NODE_RECORDS = (".package-lock.json", ".modules.yaml", ".yarn-integrity", ".yarn-state.yml")
"""Installers' own records of a ``node_modules``."""
ABSOLUTE = re.compile(r"['\"](/[^'\"\n]+)['\"]")


def content_digest(venv: Path | None, folders: Iterable[Path]) -> str:
    """SHA-256 of what is installed, hex: each Python package's RECORD, each ``node_modules``' own record.

    A dependency folder without a record is taken by its listing, two levels deep.
    """
    digest = sha256()
    for name, content in _contents(venv, folders):
        digest.update(b"%d:%s%s" % (len(name), name.encode("utf-8", "surrogateescape"), sha256(content).digest()))
    return digest.hexdigest()


def linked_outside(paths: LanePaths, venv: Path | None, folders: Iterable[Path]) -> tuple[str, ...]:
    """Installed packages that are really elsewhere (editable, ``.pth``, linked): ``name -> /where``, sorted.

    Inside the sandbox such a place does not exist; without one, the gate would test code that is not the clone's.
    """
    allowed = (paths.root.resolve(), paths.env.resolve(), paths.cache.resolve())
    found = set()
    for name, target in (*_python_links(venv), *_node_links(folders)):
        if not any(target.is_relative_to(folder) for folder in allowed):
            found.add(f"{name} -> {target}")
    return tuple(sorted(found))


def site_packages(venv: Path | None) -> tuple[Path, ...]:
    """The environment's package folders."""
    if venv is None:
        return ()
    return tuple(sorted(folder for folder in venv.glob("lib*/python*/site-packages") if not folder.parent.is_symlink()))


def _contents(venv: Path | None, folders: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    for site in site_packages(venv):
        for record in sorted(site.glob("*.dist-info/RECORD")):
            yield f"py/{record.parent.name}", record.read_bytes()
        for pth in sorted(site.glob("*.pth")):
            yield f"pth/{pth.name}", pth.read_bytes()
    for number, folder in enumerate(sorted(folders)):
        records = [folder / name for name in NODE_RECORDS if (folder / name).is_file()]
        for record in records:
            yield f"node/{number}/{record.name}", record.read_bytes()
        if not records:
            names = [each for each in (*folder.glob("*"), *folder.glob("*/*")) if not _passing(folder, each)]
            listing = "\n".join(sorted(path.relative_to(folder).as_posix() for path in names))
            yield f"listing/{number}", listing.encode("utf-8", "surrogateescape")


def _passing(folder: Path, path: Path) -> bool:
    """Places where tools keep scratch during gates: not part of what is installed."""
    return path.relative_to(folder).parts[0] in TOOLS_WRITE


def _python_links(venv: Path | None) -> Iterator[tuple[str, Path]]:
    for site in site_packages(venv):
        for pth in site.glob("*.pth"):
            for line in _text(pth).splitlines():
                if line.startswith("/"):
                    yield pth.name, Path(line.strip()).resolve()
        for finder in site.glob("__editable__*.py"):
            for place in ABSOLUTE.findall(_text(finder)):
                yield finder.name, Path(place).resolve()
        for record in site.glob("*.dist-info/direct_url.json"):
            where = _editable_source(_text(record))
            if where is not None:
                yield record.parent.name.removesuffix(".dist-info"), where.resolve()


def _editable_source(text: str) -> Path | None:
    """Where an editable package's sources are; a package copied from a folder holds no link to it."""
    try:
        data = json.loads(text)
        url, editable = data["url"], data.get("dir_info", {}).get("editable", False)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    is_local = isinstance(url, str) and url.startswith("file://")
    return Path(url.removeprefix("file://")) if editable and is_local else None


def _node_links(folders: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    for folder in folders:
        for pattern in ("*", "@*/*"):
            for entry in folder.glob(pattern):
                if entry.is_symlink():
                    yield entry.relative_to(folder).as_posix(), entry.resolve()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
