"""What a lane's command sees inside the sandbox, by profile."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from orchestrator.adapters.lane_paths import LanePaths
from orchestrator.adapters.sandbox import Access, Mount
from orchestrator.ports import Profile

INNER_OBJECTS = Path("/lane/objects")
"""Where a command finds the lane's git objects, read-only, for its throwaway ``.git``."""
TOOLS_WRITE = (".cache", ".vite", ".vite-temp", ".vitest")
"""Below a ``node_modules``: where bundlers and test runners keep scratch; empty and in memory during a gate."""
SECRET_FOLDERS = (
    ".android",
    ".aws",
    ".azure",
    ".claude",
    ".codex",
    ".config/claude",
    ".config/gcloud",
    ".config/gh",
    ".config/git",
    ".config/google-chrome",
    ".config/chromium",
    ".config/hub",
    ".config/op",
    ".config/orchestrator",
    ".config/pip",
    ".config/sops",
    ".docker",
    ".gem",
    ".gemini",
    ".gnupg",
    ".kube",
    ".local/share/keyrings",
    ".mozilla",
    ".oci",
    ".password-store",
    ".pki",
    ".ssh",
    ".terraform.d",
)
SECRET_FILES = (
    ".bash_history",
    ".boto",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".git-credentials",
    ".gitconfig",
    ".m2/settings.xml",
    ".netrc",
    ".node_repl_history",
    ".npmrc",
    ".pgpass",
    ".psql_history",
    ".pypirc",
    ".python_history",
    ".s3cfg",
    ".terraformrc",
    ".yarnrc.yml",
    ".zsh_history",
)


def dependency_folders(root: Path, names: Collection[str]) -> Iterator[Path]:
    """Folders of these names in the tree, the outermost ones; links are not followed, nothing hidden in ``.git``."""
    for folder, folders, _ in os.walk(root):
        kept = []
        for name in folders:
            path = Path(folder) / name
            if path.is_symlink() or name == ".git":
                continue
            if name in names:
                yield path
            else:
                kept.append(name)
        folders[:] = kept


def lane_mounts(
    paths: LanePaths, profile: Profile, *, cache: Path, scratch: Path, dependencies: Iterable[Path], venv: Path | None
) -> tuple[Mount, ...]:
    """The lane's own folders."""
    mounts = [Mount(target=folder, access=Access.WRITE) for folder in (paths.root, cache, scratch)]
    objects = paths.git_dir / "objects"
    if objects.is_dir():
        mounts.append(Mount(target=INNER_OBJECTS, source=objects, access=Access.READ))
    if profile is Profile.SETUP:
        return (*mounts, Mount(target=paths.env, access=Access.WRITE))
    if venv is not None:
        mounts.append(Mount(target=venv, access=Access.READ))
    for folder in dependencies:
        mounts.append(Mount(target=folder, access=Access.READ))
        if folder.name == "node_modules":
            mounts += [Mount(target=each, access=Access.EMPTY) for each in _scratch_of_tools(folder)]
    return tuple(mounts)


def _scratch_of_tools(node_modules: Path) -> Iterator[Path]:
    for name in TOOLS_WRITE:
        folder = node_modules / name
        if not folder.is_symlink() and (folder.is_dir() or not folder.exists()):
            folder.mkdir(exist_ok=True)
            yield folder


def home_mounts(home: Path) -> tuple[Mount, ...]:
    """The user's home, read-only, without the places where keys are kept; ``gate.allow: [home]`` alone asks for it."""
    mounts = [Mount(target=home, access=Access.READ)]
    folders = (home / name for name in SECRET_FOLDERS)
    mounts += [Mount(target=folder, access=Access.EMPTY) for folder in folders if folder.is_dir()]
    files = (home / name for name in SECRET_FILES)
    nothing = Path("/dev/null")
    mounts += [Mount(target=file, source=nothing, access=Access.READ) for file in files if file.is_file()]
    return tuple(mounts)


def tool_mounts(roots: Iterable[Path]) -> tuple[Mount, ...]:
    """Tools that do not belong to the system."""
    return tuple(Mount(target=root, access=Access.READ) for root in roots)


def local_sources(texts: Iterable[str], variables: Mapping[str, str]) -> tuple[Path, ...]:
    """Folders of packages on this machine that installers are told about (``--find-links``, ``file://`` indexes)."""
    found: dict[Path, None] = {}
    # A "simple" index of files refers to its packages by "../": the folder above it is shown.
    for word in " ".join((*texts, *variables.values())).replace("=", " ").split():
        path = Path(word.removeprefix("file://"))
        if word.startswith(("/", "file:///")) and path.parent != Path("/") and path.is_dir():
            found.setdefault(path.parent if path.name == "simple" else path)
    return tuple(found)
