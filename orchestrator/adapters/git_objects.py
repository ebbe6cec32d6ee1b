"""Objects from one object store into another, without a remote, a server process, or either side's configuration.

One ``pack-objects`` in the lane's git folder reads both stores and writes a pack straight into the target. Against
``git fetch`` this runs one process instead of five, never reads ``remote.*``, ``url.*``, ``fetch.*`` or hooks of the
user's repository, writes no FETCH_HEAD and no commit-graph, and cannot be led to a promisor remote. What arrives is
what a fetch would bring (decision 3): objects and nothing else; refs are moved by whoever asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from orchestrator.adapters.git import TRANSFER_TIMEOUT_S, Git
from orchestrator.domain.errors import GitError


def copy_objects(git: Git, *, source: Path, target: Path, want: Iterable[str], have: Iterable[str]) -> None:
    """Write all that ``want`` reaches and ``have`` does not, from ``source`` (an ``objects`` folder) into ``target``.

    ``git`` belongs to the lane. ``have`` must be whole in ``target``. Safe to repeat: the pack's name is its content's.
    """
    revisions = [*dict.fromkeys(want), *(f"^{commit}" for commit in dict.fromkeys(have))]
    packer = git.configured(GIT_OBJECT_DIRECTORY=str(target), GIT_ALTERNATE_OBJECT_DIRECTORIES=quoted_store(source))
    pack = target / "pack"
    pack.mkdir(exist_ok=True)
    argv = ("pack-objects", "--revs", "--delta-base-offset", "--non-empty", "-q", str(pack / "pack"))
    stdin = "".join(f"{revision}\n" for revision in revisions).encode()
    completed = packer.attempt(*argv, stdin=stdin, timeout_s=TRANSFER_TIMEOUT_S)
    if completed.exit_code == 0:
        return
    if any(sign in completed.stderr for sign in ("unable to read", "missing", "bad object", "unable to parse")):
        raise GitError(
            f"objects are missing in {source}: {completed.stderr.strip()}",
            hint="a clone made with --filter lacks files: clone it again without; else: git fsck",
            slug="objects-missing",
        )
    raise packer.failure(argv, completed)


def quoted_store(path: Path) -> str:
    """An ``objects`` folder as one entry of a list of stores, where a colon separates: quoted as C strings are."""
    text = str(path)
    if ":" not in text and not text.startswith('"'):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
