"""Whole nights with all agents: side by side where they may, tests before code, what a change turned out to be."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from tests.e2e.nights import Place
from tests.e2e.small import ACCEPT, DOUBLED, FEW_PLUGINS, PROJECT, adr, created, place_of, run
from tests.fakes.loopback import Loopback, Reply, SeenRequest

CODE = {"src/shop/doubled.py": 'def doubled(price):\n    """Twice the price."""\n    return price + price\n'}
TESTS = {"tests/test_doubled.py": DOUBLED["tests/test_doubled.py"]}
MENDED = (
    "src/shop/doubled.py\n```python\n<<<<<<< SEARCH\n    return price + price\n=======\n"
    "    return 2 * price\n>>>>>>> REPLACE\n```\n"
)
GATE = f"gate: {{lint: none, test: {FEW_PLUGINS} python -m pytest -q, coverage: {{minimum: 0}}}}\n"
NONE_FOUND = json.dumps({"summary": "Nothing.", "findings": []})
LIVE = {
    "ANTHROPIC_API_KEY": "sk-test-0123456789",
    "GEMINI_API_KEY": "test-0123456789",
    "ORCHESTRATE_RESEARCH__WEB": "true",
}


def found(severity: str, file: str, line: int) -> str:
    one = {"file": file, "line": line, "severity": severity, "problem": "It grows.", "remedy": "Bound it."}
    return json.dumps({"summary": "One.", "findings": [one]})


ANSWERS = {
    "discover.local_researcher.1": "- src/shop/price.py:1: sums live here",
    "discover.web_researcher.1": "- nothing",
    "plan.architect.1": adr(DOUBLED),
    "build.test_master.1": created(TESTS),
    "build.executor.1": created(CODE),
    "build.executor.2": MENDED,
    "deliver.reviewer.1": ACCEPT,
    "deliver.security_auditor.1": found("serious", "src/shop/doubled.py", 2),
    "deliver.doc_master.1": found("minor", "src/shop/price.py", 1),
    "deliver.reviewer.2": ACCEPT,
    "deliver.security_auditor.2": NONE_FOUND,
    "deliver.issue_creator.2": json.dumps({"issues": [{"title": "Say it", "body": "In the guide.", "files": []}]}),
}
TOGETHER = (
    {"discover.local_researcher.1", "discover.web_researcher.1"},
    {"deliver.reviewer.1", "deliver.security_auditor.1", "deliver.doc_master.1"},
    {"deliver.reviewer.2", "deliver.security_auditor.2"},
)


def of_type(place: Place, kind: str) -> list[dict[str, Any]]:
    return [entry for entry in place.entries() if entry["type"] == kind]


def test_all_agents_live_research_and_validation_overlap_at_the_server(tmp_path: Path) -> None:
    barriers = [(group, threading.Barrier(len(group))) for group in TOGETHER]

    def script(seen: SeenRequest) -> Reply:
        key = seen.call_id.removeprefix("double.").rpartition(".")[0]
        for group, barrier in barriers:
            if key in group:
                barrier.wait(120)  # one after the other, the first would wait for ever
        return Reply(text=ANSWERS[key])

    task = (
        "  - {id: double, title: Double a price, files: [src/shop/doubled.py], complexity: complex,\n"
        "     acceptance: [doubled(2) is 4]}\n"
    )
    with Loopback(script) as server:
        place = place_of(tmp_path, PROJECT, {}, tasks=task, gate=GATE)
        urls = {"ANTHROPIC_BASE_URL": server.url, "GOOGLE_GEMINI_BASE_URL": server.url}
        ended = place.orchestrate("run", str(place.tasks), "--sandbox", "none", **LIVE, **urls)
        asked = {seen.call_id: seen for seen in server.requests if seen.operation == "generate"}
    assert server.problems == []
    assert ended.code == 0, ended.err + ended.out
    assert set(asked) == {f"double.{key}.1" for key in ANSWERS}
    web = asked["double.discover.web_researcher.1.1"].body
    assert [tool["name"] for tool in web["tools"]] == ["web_search"]
    assert "shop" not in json.dumps(web)  # no path, no text of the repository
    assert "sums live here" in json.dumps(asked["double.plan.architect.1.1"].body)
    (shown,) = of_type(place, "tests:shown")
    assert (shown["files"], shown["fault"]) == (["tests/test_doubled.py"], "")  # they fail on the base
    assert "they stay as they are" in json.dumps(asked["double.build.executor.1.1"].body)
    assert "It grows. Bound it." in json.dumps(asked["double.build.executor.2.1"].body)
    assert [entry["verdict"] for entry in of_type(place, "review:finished")] == ["send_back", "accept"]
    papers = place.run_folder() / "tasks" / "double"
    assert "## Say it" in (papers / "issues.md").read_text()
    review = (papers / "review.md").read_text()
    assert "security auditor" in review
    assert "src/shop/doubled.py:2" in review
    report = (place.run_folder() / "report.md").read_text()
    assert "## What this night cost and saved" in report


def test_what_a_change_turned_out_to_be_brings_back_whom_its_task_had_skipped(tmp_path: Path) -> None:
    """A task about documentation that wrote code gets its tests and its audit late; a sensitive path is audited."""
    login = {"src/shop/login.py": "def login(name):\n    return bool(name)\n"}
    answers = {
        "double.plan.architect.1.1": adr(CODE),
        "double.build.executor.1.1": created(CODE),
        "double.build.test_master.1.1": created(TESTS),
        "double.deliver.reviewer.1.1": ACCEPT,
        "double.deliver.security_auditor.1.1": NONE_FOUND,
        "login.plan.architect.1.1": adr(login),
        "login.build.executor.1.1": created(login),
        "login.deliver.reviewer.1.1": ACCEPT,
        "login.deliver.security_auditor.1.1": "",
    }
    tasks = (
        "  - {id: double, title: Describe doubling, files: [README.md], complexity: complex,\n"
        "     acceptance: [doubled(2) is 4]}\n"
        "  - {id: login, title: Log in, files: [src/shop/login.py]}\n"
    )
    place = place_of(tmp_path, {**PROJECT, "README.md": "# Shop\n"}, answers, tasks=tasks, gate=GATE)
    refused = place.folder / "calls" / "login.deliver.security_auditor.1.1.md"
    refused.write_text("---\norigin: hand-written\nreason: refusal\ndetail: cyber\n---\n")
    code, said = run(place)
    assert code == 1, said
    assert place.statuses() == {"double": "delivered", "login": "needs_human"}
    opened, built, simple, sensitive = of_type(place, "crew:chosen")
    assert (opened["change_type"], built["change_type"]) == ("documentation", "code")
    assert {one["agent"] for one in opened["skipped"] if one["by_type"]} == {"test_master", "security_auditor"}
    assert {"test_master", "security_auditor"} <= set(built["agents"])
    assert "security_auditor" not in simple["agents"]
    assert "security_auditor" in sensitive["agents"]
    assert of_type(place, "tests:shown")[0]["fault"] == ""
    passages = [(one["task"], one["passage"], one["passed"]) for one in of_type(place, "gate:finished")]
    assert passages == [("double", 1, True), ("double", 9, True), ("login", 1, True)]
    by_id = {task["id"]: task for task in place.summary()["tasks"]}
    files = place.git("ls-tree", "-r", "--name-only", by_id["double"]["branch"]).split()
    assert {*CODE, *TESTS} <= set(files)
    assert "the security audit did not run" in by_id["login"]["reason"]
