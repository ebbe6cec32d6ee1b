"""One thing about a tasks file that a night would be better without: where it stands, and the mend."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.strict_yaml import LoadedYaml, Loc


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Never a refusal by itself: the user may know better."""

    slug: str
    """What kind it is: a section of docs/troubleshooting.md."""
    task: str
    source: str
    """The file."""
    line: int
    """1-based."""
    column: int
    """1-based."""
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}: {self.task}: {self.what} [{self.slug}]; {self.mend}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPlace:
    """Where a task stands in its file."""

    text: LoadedYaml
    task: str
    loc: Loc

    def advice(self, what: str, mend: str, *key: str | int, slug: str) -> Advice:
        """Advice about that key of the task (of the entry itself without one)."""
        line, column = self.text.position((*self.loc, *key))
        return Advice(
            slug=slug, task=self.task, source=self.text.source, line=line, column=column, what=what, mend=mend
        )


def task_places(text: LoadedYaml) -> dict[str, TaskPlace]:
    """Each task of the file by id."""
    entries = text.data.get("tasks") if isinstance(text.data, dict) else None
    return {
        entry["id"]: TaskPlace(text=text, task=entry["id"], loc=("tasks", index))
        for index, entry in enumerate(entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and isinstance(entry.get("id"), str)
    }
