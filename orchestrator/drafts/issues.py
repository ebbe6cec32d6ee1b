"""A tracker's issues, as GitHub and GitLab export them in JSON, become drafts of tasks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.domain.errors import UsageError
from orchestrator.domain.task import Importance
from orchestrator.drafts.draft import Draft, line, prose, slug, unique

HINT = (
    "GitHub: gh issue list --json number,title,body,labels,state,url > issues.json; "
    "GitLab: glab api projects/:id/issues > issues.json"
)
_COMMENT = re.compile(r"<!--.{0,20000}?-->", re.DOTALL)
_ITEM = re.compile(r"^\s{0,12}[-*+] \[ \] (.{1,400})$", re.MULTILINE)
_ACCEPTANCE_LIMIT = 20
_PATH = re.compile(r"`([\w./@+-]{1,200}\.[A-Za-z]{1,6})(?::\d+)?`", re.ASCII)
_CLOSED = frozenset({"closed", "merged", "locked"})
_GRADES = (
    (Importance.CRITICAL, re.compile(r"\b(critical|urgent|blocker|p0|severity[-: ]*1)\b", re.IGNORECASE)),
    (Importance.HIGH, re.compile(r"\b(high|important|p1|severity[-: ]*2|regression)\b", re.IGNORECASE)),
    (Importance.LOW, re.compile(r"\b(low|minor|trivial|p3|p4|nice[- ]to[- ]have)\b", re.IGNORECASE)),
)
_BUG = re.compile(r"\b(bug|defect|regression|kind[:/]bug|type[:/ ]+bug)\b", re.IGNORECASE)


def issue_drafts(text: str, *, source: str) -> list[Draft]:
    """A draft an open issue, in the file's order. ``UsageError`` where the file is no such export."""
    drafts: list[Draft] = []
    taken: set[str] = set()
    for entry in _entries(text, source):
        if str(entry.get("state", "open")).lower() in _CLOSED or entry.get("pull_request"):
            continue
        number = entry.get("number", entry.get("iid"))
        title = entry.get("title")
        if not isinstance(title, str) or not title.strip():
            continue
        name = unique(slug(title, prefix=f"issue-{number}" if isinstance(number, int) else ""), taken)
        taken.add(name)
        drafts.append(_draft(entry, name, title, number if isinstance(number, int) else None))
    return drafts


def _entries(text: str, source: str) -> Iterator[Mapping[str, Any]]:
    """The issues of a JSON list, of an object that holds one, or of JSON lines."""
    try:
        document = json.loads(text)
    except ValueError:
        document = [_line(each, source) for each in text.splitlines() if each.strip()]
    if isinstance(document, Mapping):
        held = next((document[key] for key in ("issues", "items", "nodes") if key in document), [document])
        document = held if isinstance(held, list) else [document]
    found = [entry for entry in document if isinstance(entry, Mapping)] if isinstance(document, list) else []
    if not any("title" in entry for entry in found) and (document != [] or not text.strip()):
        raise UsageError(f"{source}: no issues are in it", hint=HINT, slug="no-issues")
    yield from found


def _line(each: str, source: str) -> Any:
    try:
        return json.loads(each)
    except ValueError as error:
        raise UsageError(f"{source}: not JSON: {error}", hint=HINT, slug="no-issues") from None


def _draft(entry: Mapping[str, Any], name: str, title: str, number: int | None) -> Draft:
    labels = _labels(entry.get("labels"))
    body = next((value for key in ("body", "description") if isinstance(value := entry.get(key), str)), "")
    body = _COMMENT.sub("", body)
    told = next((label for grade, pattern in _GRADES for label in labels if pattern.search(label)), "")
    importance = next((grade for grade, pattern in _GRADES if told and pattern.search(told)), Importance.MEDIUM)
    is_bug = any(_BUG.search(label) for label in labels) and not title.lower().startswith(("bug", "fix"))
    where = next((value for key in ("url", "html_url", "web_url") if isinstance(value := entry.get(key), str)), "")
    return Draft(
        id=name,
        title=line(f"Bug fix: {title}" if is_bug else title),
        description=prose(body),
        acceptance=tuple(line(item, 400) for item in _ITEM.findall(body)[:_ACCEPTANCE_LIMIT]),
        files=tuple(dict.fromkeys(_PATH.findall(body))),
        importance=importance,
        importance_reason=line(f"labelled {told}") if importance is Importance.CRITICAL else "",
        request=f"issue-{number}" if number is not None else "",
        origin=line(where) or (f"issue {number}" if number is not None else "an issue"),
    )


def _labels(found: Any) -> tuple[str, ...]:
    """GitHub gives objects with a name, GitLab plain words."""
    named = (label.get("name") if isinstance(label, Mapping) else label for label in found or ())
    return tuple(label for label in named if isinstance(label, str))
