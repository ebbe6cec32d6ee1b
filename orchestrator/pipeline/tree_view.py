"""A lane's tree as agents and edits see it, and as the classifier does: tracked files of one tree, read-only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from orchestrator.agents.filetext import FileText
from orchestrator.failures.view import RepositoryView
from orchestrator.ports import EnvironmentInfo, Lane


@dataclass(frozen=True)
class LaneView:
    """One git tree of a lane. The work tree on disk is expected to be that tree: modes and links are read there."""

    lane: Lane
    tree: str
    _contents: dict[str, bytes | None] = field(default_factory=dict)

    @cached_property
    def _files(self) -> tuple[str, ...]:
        return self.lane.files(self.tree)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self._files)

    @cached_property
    def _folders(self) -> frozenset[str]:
        return frozenset(path[:end] for path in self._files for end in range(len(path)) if path[end] == "/")

    def files(self) -> Sequence[str]:
        """Tracked paths, sorted."""
        return self._files

    def read(self, path: str) -> bytes | None:
        """A tracked file's bytes; ``None`` where it is not there, or is a link."""
        if path not in self._known:
            return None
        if path not in self._contents:
            self._contents[path] = self.lane.read(self.tree, path)
        return self._contents[path]

    def text(self, path: str) -> str | None:
        """A tracked file's text; ``None`` where it is not there or not UTF-8."""
        content = self.read(path)
        if content is None:
            return None
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return None

    def file(self, path: str) -> FileText | None:
        """The file as edits are applied to it; ``None`` where it is not tracked."""
        if path not in self._known:
            return None
        on_disk = self.lane.root / path
        if on_disk.is_symlink():
            return FileText(content=b"", link=True)
        content = self.read(path)
        executable = on_disk.exists() and bool(on_disk.stat().st_mode & 0o100)
        return None if content is None else FileText(content=content, executable=executable)

    def is_folder(self, path: str) -> bool:
        """Whether tracked files lie under that path."""
        return path.rstrip("/") in self._folders


def view_of_tree(lane: Lane, tree: str, environment: EnvironmentInfo | None, *, base: str | None) -> RepositoryView:
    """The tree, which stands in the lane, as the classifier and the fixers look at it.

    ``base``: what it grew out of; ``None``: nothing is known of a change.
    """
    changed = base is not None and base != tree
    return RepositoryView(
        root=lane.root,
        files=lane.files(tree),
        environment=environment.packages if environment else (),
        diff=lane.diff(base, tree) if base is not None and changed else None if base is None else "",
        files_changed=tuple(change.path for change in lane.changes(base, tree)) if base is not None and changed else (),
        index_store=lane.symbols,
    )
