"""Real git repositories in every state a user leaves theirs in. Plain git, unhardened, as a user runs it.

Each builder takes the folder to make. Commits have fixed people and dates, so ids repeat. The identity stands in the
repository's own configuration; nothing depends on the machine's (see :func:`isolated_home`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from git.cmd import Git as Launcher
from git.exc import GitCommandError

_DATES = {"GIT_AUTHOR_DATE": "@1700000000 +0000", "GIT_COMMITTER_DATE": "@1700000000 +0000"}
ODD_NAMES = ("with space.py", "tab\there.txt", "line\nbreak.txt", 'quote".txt', "ünïcode.py", "-dash.txt", "a'b.txt")
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Repo:
    """A checkout made for a test."""

    root: Path

    def git(self, *argv: str) -> str:
        """Plain git, as the user would run it; raises where it fails."""
        fences = {"GIT_CEILING_DIRECTORIES": str(self.root.resolve().parent)}  # never a repository further up
        return str(Launcher().execute(["git", "-C", str(self.root.resolve()), *argv], env={**_DATES, **fences}))

    def fails(self, *argv: str) -> bool:
        """Run git and tell whether it failed."""
        try:
            self.git(*argv)
        except GitCommandError:
            return True
        return False

    def write(self, path: str, content: str | bytes, *, executable: bool = False) -> Path:
        """Write a file of the checkout."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        target.chmod(0o755 if executable else 0o644)
        return target

    def commit(self, message: str = "more", **files: str) -> str:
        """Commit all that stands in the checkout; its id."""
        for path, content in files.items():
            self.write(path, content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.head

    @property
    def head(self) -> str:
        """The commit HEAD names."""
        return self.git("rev-parse", "HEAD")


def isolated_home(monkeypatch: pytest.MonkeyPatch, home: Path) -> Path:
    """A home of the test's own: no git configuration and no cache of the machine is seen or written."""
    home.mkdir(parents=True, exist_ok=True)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    (home / ".gitconfig").write_text('[init]\n\tdefaultBranch = main\n[protocol "file"]\n\tallow = always\n')
    return home


def unborn(root: Path) -> Repo:
    """A repository without a commit."""
    root.mkdir(parents=True)
    repo = Repo(root)
    repo.git("init", "-q", "-b", "main")
    repo.git("config", "user.name", "Test")
    repo.git("config", "user.email", "test@example.invalid")
    return repo


def plain(root: Path) -> Repo:
    """Two commits, a tag, a package, an ignore file; clean."""
    repo = unborn(root)
    repo.write("src/app.py", "def add(a: int, b: int) -> int:\n    return a + b\n")
    repo.write("tests/test_app.py", "from src.app import add\n\n\ndef test_add() -> None:\n    assert add(1, 2) == 3\n")
    repo.write(".gitignore", "*.log\nbuild/\nnode_modules/\n.venv/\n__pycache__/\n")
    repo.commit("First")
    repo.git("tag", "-a", "v1.0", "-m", "one")
    repo.write("README.md", "# App\n")
    repo.commit("Second")
    return repo


def dirty(root: Path) -> Repo:
    """Modified, deleted, untracked and ignored files."""
    repo = plain(root)
    repo.write("src/app.py", "def add(a, b):\n    return 0  # work in progress\n")
    (root / "README.md").unlink()
    repo.write("notes.txt", "mine\n")
    repo.write("new/deep/file.py", "x = 1\n")
    repo.write("debug.log", "ignored\n")
    return repo


def staged(root: Path) -> Repo:
    """Staged, and changed again since."""
    repo = plain(root)
    repo.write("src/app.py", "staged = True\n")
    repo.write("added.py", "a = 1\n")
    repo.git("add", "-A")
    repo.write("src/app.py", "staged = 'and changed'\n")
    return repo


def stashed(root: Path) -> Repo:
    """Two entries in the stash, and a change since."""
    repo = plain(root)
    for number in (1, 2):
        repo.write("src/app.py", f"stash = {number}\n")
        repo.git("stash", "push", "-q", "-m", f"wip {number}")
    repo.write("src/app.py", "after = 3\n")
    return repo


def detached(root: Path) -> Repo:
    """HEAD on the first commit, on no branch."""
    repo = plain(root)
    repo.git("checkout", "-q", "--detach", "HEAD~1")
    return repo


def _two_sides(root: Path) -> Repo:
    repo = plain(root)
    repo.git("checkout", "-q", "-b", "other")
    repo.commit("theirs", **{"src/app.py": "side = 'other'\n"})
    repo.git("checkout", "-q", "main")
    repo.commit("ours", **{"src/app.py": "side = 'main'\n"})
    return repo


def mid_merge(root: Path) -> Repo:
    """A merge stopped at a conflict."""
    repo = _two_sides(root)
    assert repo.fails("merge", "other")
    return repo


def mid_rebase(root: Path) -> Repo:
    """A rebase stopped at a conflict."""
    repo = _two_sides(root)
    assert repo.fails("rebase", "other")
    return repo


def linked_worktree(root: Path) -> Repo:
    """The second worktree of a repository (its main one stands beside it as ``<name>-main``), dirty."""
    repo = plain(root.with_name(f"{root.name}-main"))
    repo.git("worktree", "add", "-q", "-b", "side", str(root))
    linked = Repo(root)
    linked.write("src/app.py", "in = 'worktree'\n")
    return linked


def sparse(root: Path) -> Repo:
    """A sparse checkout without ``tests``."""
    repo = plain(root)
    repo.git("sparse-checkout", "set", "src")
    return repo


def shallow(root: Path) -> Repo:
    """A clone of depth 1."""
    origin = plain(root.with_name(f"{root.name}-origin"))
    origin.git("clone", "-q", "--depth=1", f"file://{origin.root}", str(root))
    repo = Repo(root)
    repo.git("config", "user.name", "Test")
    repo.git("config", "user.email", "test@example.invalid")
    return repo


def bare(root: Path) -> Repo:
    """A bare repository."""
    repo = plain(root.with_name(f"{root.name}-work"))
    repo.git("clone", "-q", "--bare", str(repo.root), str(root))
    return Repo(root)


def with_submodule(root: Path) -> Repo:
    """``lib`` is a submodule, initialised."""
    library = plain(root.with_name(f"{root.name}-lib"))
    repo = plain(root)
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.root), "lib")
    repo.commit("A library")
    return repo


def odd_files(root: Path) -> Repo:
    """CRLF, BOM, no final newline, Latin-1, binary, empty, executable, links, and odd names."""
    repo = plain(root)
    repo.write("crlf.txt", b"one\r\ntwo\r\n")
    repo.write("bom.py", BOM + b"x = 1\n")
    repo.write("no-newline.txt", b"end")
    repo.write("latin.txt", "größe\n".encode("latin-1"))
    repo.write("binary.bin", bytes(range(256)))
    repo.write("empty", b"")
    repo.write("run.sh", "#!/bin/sh\necho hi\n", executable=True)
    (root / "link").symlink_to("src/app.py")
    (root / "outside").symlink_to("/etc")
    (root / "folder-link").symlink_to("src")
    for name in ODD_NAMES:
        repo.write(f"odd/{name}", f"{name}\n")
    repo.commit("Odd files")
    return repo


STATES = {
    "clean": plain,
    "dirty": dirty,
    "staged": staged,
    "stashed": stashed,
    "detached": detached,
    "mid-merge": mid_merge,
    "mid-rebase": mid_rebase,
    "worktree": linked_worktree,
    "sparse": sparse,
    "shallow": shallow,
    "submodule": with_submodule,
    "odd": odd_files,
}
"""Every state a run must be able to start from and leave untouched."""


def snapshot(root: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every byte below a folder: path -> (mode, modification time in ns, content or link target).

    For I1 in tests. What a run may add to a ``.git`` is left out: objects, ``refs/heads/orchestrate`` and its reflogs.
    """
    found: dict[str, tuple[int, int, bytes]] = {}
    for path in _walk(root):
        name = str(path.relative_to(root))
        inside = name.split(".git/", 1)[-1] if ".git/" in name else ""
        if inside.startswith(("objects/", "refs/heads/orchestrate", "logs/refs/heads/orchestrate")):
            continue
        info = path.lstat()
        if stat.S_ISLNK(info.st_mode):
            found[name] = (info.st_mode, 0, os.fsencode(path.readlink()))
        elif stat.S_ISREG(info.st_mode):
            found[name] = (info.st_mode, info.st_mtime_ns, path.read_bytes())
        elif not name.endswith((".git/refs/heads", ".git/logs/refs/heads")):
            found[name] = (info.st_mode, 0, b"")
    return found


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)
