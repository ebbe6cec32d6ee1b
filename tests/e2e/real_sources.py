"""Real projects, pinned by name, version and hash: downloaded once, verified each time, committed to a new repository.

They come through the ordinary clients of this machine (pip, apt), from wherever these are configured to look. Kept in
``$XDG_CACHE_HOME/orchestrate-tests`` (``~/.cache``), outside any checkout; nothing of them is part of this project.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.repositories import Repo, unborn

TIMEOUT_S = 120
APT = Path("/etc/apt")


class UnavailableError(Exception):
    """A source could not be had: no network, no client, or not in the release this machine follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One release of a project."""

    name: str
    version: str
    sha256: str
    """Of the archive; for Debian, of upstream's own (``.orig.tar``), which outlives Debian's revisions."""
    download: Callable[[Source, Path], None]
    """Brings the archive into a folder, under whatever name; raises ``UnavailableError``."""

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def checkout(source: Source, root: Path) -> Repo:
    """The project in a repository of its own: one commit, tagged with the version as upstream does.

    Skips by name where the source cannot be had; with ``CI=true`` that is a failure.
    """
    try:
        archive = fetched(source)
    except UnavailableError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{source}: with CI=true nothing is skipped, but it cannot be had: {error}")
        pytest.skip(f"{source} cannot be had: {error}")
    repo = unborn(root)
    _unpack(archive, root)
    repo.git("add", "--all", "--force")  # what a release holds, ignored or not
    repo.git("commit", "-q", "-m", f"{source}")
    repo.git("tag", source.version)
    return repo


def fetched(source: Source) -> Path:
    """The archive with exactly that hash, from the cache or downloaded into it."""
    kept = cache_folder() / "sources" / f"{source.name}-{source.version}-{source.sha256[:16]}.tar"
    if kept.is_file() and _sha256(kept) == source.sha256:
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as name:
        folder = Path(name)
        source.download(source, folder)
        archives = [path for path in folder.iterdir() if path.is_file()]
        match = next((path for path in archives if _sha256(path) == source.sha256), None)
        if match is None:
            seen = ", ".join(f"{path.name} {_sha256(path)}" for path in archives) or "nothing"
            raise UnavailableError(f"got {seen}, not sha256 {source.sha256}")
        match.replace(kept)
    return kept


def from_pip(source: Source, folder: Path) -> None:
    """A source distribution, by pip; pip checks the hash as well."""
    wanted = folder / "wanted"
    wanted.mkdir()
    line = wanted / "requirements.txt"
    line.write_text(f"{source.name}=={source.version} --hash=sha256:{source.sha256}\n", encoding="utf-8")
    options = ("--quiet", "--no-deps", "--no-binary", source.name, "--dest", str(folder), "-r", str(line))
    _run([sys.executable, "-m", "pip", "download", *options], folder)


def from_debian(source: Source, folder: Path) -> None:
    """Upstream's archive of a Debian source package, by apt; the machine's own sources are asked for sources.

    apt gets lists and a cache of its own: nothing of the machine's is changed, and no privilege is needed.
    """
    if shutil.which("apt-get") is None:
        raise UnavailableError("no apt-get on this machine")
    apt = folder / "apt"
    for name in ("parts", "lists/partial", "cache/archives/partial"):
        (apt / name).mkdir(parents=True)
    for path in (APT / "sources.list", *sorted((APT / "sources.list.d").glob("*"))):
        if path.is_file() and path.suffix in {".list", ".sources"}:
            (apt / "parts" / path.name).write_text(_asking_for_sources(path), encoding="utf-8")
    places = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": str(apt / "parts"),
        "Dir::State::lists": str(apt / "lists"),
        "Dir::Cache": str(apt / "cache"),
        "Acquire::Languages": "none",
    }
    options = [word for name, value in places.items() for word in ("-o", f"{name}={value}")]
    _run(["apt-get", *options, "-qq", "update"], folder, anyhow=True)  # one foreign source without sources: no matter
    _run(["apt-get", *options, "-qq", "source", "--download-only", "--tar-only", source.name], folder)


def cache_folder() -> Path:
    """Where downloads are kept between test runs: of the user, not of the repository."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if named.startswith("/") else Path("~/.cache").expanduser()) / "orchestrate-tests"


def _asking_for_sources(path: Path) -> str:
    """A list of apt's in which every entry for binary packages asks for source packages instead."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if path.suffix == ".sources":
        return "\n".join("Types: deb-src" if line.startswith("Types:") else line for line in lines) + "\n"
    entries = [line.split(maxsplit=1) for line in lines if line.startswith(("deb ", "deb\t"))]
    return "".join(f"deb-src {entry[1]}\n" for entry in entries)


def _unpack(archive: Path, root: Path) -> None:
    """The archive's one folder becomes ``root``."""
    with tempfile.TemporaryDirectory(dir=root.parent) as name, tarfile.open(archive) as tar:
        tar.extractall(name, filter="data")
        (top,) = Path(name).iterdir()
        shutil.copytree(top, root, symlinks=True, dirs_exist_ok=True)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _run(argv: Sequence[str], folder: Path, *, anyhow: bool = False) -> None:
    environment: Mapping[str, str] = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "LC_ALL": "C.UTF-8"}
    try:
        subprocess.run(
            argv, check=not anyhow, capture_output=True, text=True, cwd=folder, env=environment, timeout=TIMEOUT_S
        )
    except subprocess.CalledProcessError as error:
        said = [line for line in error.stderr.strip().splitlines() if line.strip()]
        raise UnavailableError(f"{argv[0]}: {said[-1] if said else error}") from None
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"{argv[0]} takes longer than {TIMEOUT_S} s") from None
