"""Intake: what a tasks file may say, and every fault at once with its line, column and mend."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.domain.errors import UsageError
from orchestrator.domain.task import Complexity, GateConfig, Importance, Phase
from orchestrator.intake import load_batch, load_project

CONTRACT = """\
version: 1
repo: .
base: main
request: CR-20251207-011
invariants:
  - id: sql-safety
    text: Every query is parameterised.
    keywords: [parameterised, query]
    check: "! grep -rnE 'execute\\\\(f' src"
setup: [pip install -e .]
gate:
  lint: ruff check .
  build: mypy src
  test: pytest -q
  coverage: {minimum: 80}
  packages/api: {lint: none, test: vitest}
  check_timeout_s: 30
tasks:
  - id: other-task
    title: x
  - id: fix-offset
    title: "Bug fix: parse dates with an offset"
    description: |
      What is wanted, in prose.
    acceptance: ["tests/test_dates.py passes"]
    files: [src/dates.py]
    depends_on: [other-task]
    complexity: Simple
    importance: high
    budget: {build: 12000}
    protect: [docs/**]
    allow: [tests/**]
    scope: open
    request: CR-20251207-012
    importance_reason: "..."
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Writes files into a folder of their own, which is the working folder."""
    monkeypatch.chdir(tmp_path)

    def put(text: str | bytes, name: str = "tasks.yaml") -> Path:
        Path(name).write_bytes(text.encode() if isinstance(text, str) else text)
        return Path(name)

    return put


def faults_of(path: Path, **overrides: object) -> list[str]:
    with pytest.raises(UsageError) as caught:
        load_batch(path, **overrides)  # type: ignore[arg-type]
    assert caught.value.exit_code == 2
    return list(caught.value.faults)


def one_task(rest: str) -> str:
    return f"tasks:\n  - id: a\n    title: t\n    {rest}\n"


def test_the_contracts_example(write, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    project = load_project(write(CONTRACT), environment={})
    batch = project.batch
    assert (batch.source, batch.repo, batch.base) == (tmp_path / "tasks.yaml", tmp_path, "main")
    assert len(batch.digest) == 64
    assert batch.setup == ("pip install -e .",)
    assert batch.gate == (
        GateConfig(path=".", lint="ruff check .", build="mypy src", test="pytest -q", coverage_minimum=80.0),
        GateConfig(path="packages/api", lint="", test="vitest"),
    )
    assert batch.invariants[0].check == "! grep -rnE 'execute\\(f' src"
    task = batch.task("fix-offset")
    assert task.complexity is Complexity.SIMPLE
    assert task.importance is Importance.HIGH
    assert task.budget == {Phase.BUILD: 12000}
    assert task.scope_open
    assert task.request == "CR-20251207-012"
    assert task.description == "What is wanted, in prose."
    assert project.loaded.settings.gate.check_timeout_s == 30
    assert project.loaded.provenance["gate.check_timeout_s"] == "tasks.yaml:17"


def test_the_least_there_may_be(write, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    batch = load_batch(write("tasks: [{id: a, title: t}]"))
    assert (batch.repo, batch.base, batch.setup, batch.gate) == (tmp_path, None, None, ())
    assert batch.tasks[0].importance is Importance.MEDIUM


def test_every_fault_at_once_each_in_its_place(write) -> None:  # type: ignore[no-untyped-def]
    text = """\
verion: 1
repo: nowhere
base: --upload-pack=x
setup: pip install
gate:
  lnt: ruff
  lint: false
  coverge: {minimum: 80}
  check_timout_s: 3
  memory_mb: -1
  ../x: {lint: y}
loop: {lanes: 2}
tasks:
  - id: a..b
    titel: x
  - id: Abc
    title: 12
    depends_on: [abd, b, b]
    complexity: hard
    budget: {biuld: 3, build: 0, plan: 1.5}
  - id: b
    title: t
    title: u
    depends_on: [c]
    files: [../x, /etc/passwd, 'a\\b', x/.GIT/y]
    allow_dependencies: yes
  - id: c
    title: t
    depends_on: [b]
  - id: abc
    title: "two\\nlines"
  - 7
"""
    assert faults_of(write(text)) == [
        'tasks.yaml:1:1: unknown key "verion"; did you mean "version"?',
        'tasks.yaml:2:7: repo: "nowhere" is no folder; name the repository, relative to this file\'s folder',
        'tasks.yaml:3:7: base: "--upload-pack=x" is no branch or commit; write its name, or remove it',
        'tasks.yaml:4:8: setup: a list expected, found "pip install" (text); write [pip install]',
        'tasks.yaml:6:3: unknown key "lnt"; did you mean "lint"?',
        "tasks.yaml:7:9: lint: false is no command; write none to switch it off",
        'tasks.yaml:8:3: unknown key "coverge"; did you mean "coverage" or "coverage_minimum"?',
        'tasks.yaml:9:3: unknown key "check_timout_s"; did you mean "check_timeout_s" or "setup_timeout_s"?',
        "tasks.yaml:10:14: memory_mb: input should be greater than or equal to 64, found -1 (a number)",
        'tasks.yaml:11:9: ../x: "../x" leaves the repository; name it from the repository\'s top',
        'tasks.yaml:12:1: "loop" is a section of the settings; it stands in orchestrate.yaml, or in your own file',
        'tasks.yaml:14:5: the key "title" is missing; add title: ...',
        'tasks.yaml:14:9: id: "a..b" is no safe id: git refuses "..", and "." or ".lock" at the end; rename it',
        'tasks.yaml:15:5: unknown key "titel"; did you mean "title"?',
        'tasks.yaml:16:9: id: "Abc" is no safe id; use a-z, 0-9, then also . _ -, 64 characters at most',
        'tasks.yaml:17:12: title: text expected, found 12 (a number); quote it: "12"',
        'tasks.yaml:18:18: "abd" is no task of this file; did you mean "abc"?',
        'tasks.yaml:18:26: "b" is named twice; remove one',
        'tasks.yaml:19:17: complexity: "hard" (text) is none of its words; known here: tiny, simple, moderate, complex',
        'tasks.yaml:20:14: unknown key "biuld"; did you mean "build"?',
        "tasks.yaml:20:31: build: input should be greater than 0, found 0 (a number)",
        "tasks.yaml:20:40: plan: a whole number expected, found 1.5 (a number)",
        'tasks.yaml:23:5: the key "title" stands here a second time; the first is on line 22: keep one',
        "tasks.yaml:24:18: the dependencies go in a circle: b -> c -> b; remove one of them",
        'tasks.yaml:25:13: files[0]: "../x" leaves the repository; name it from the repository\'s top',
        'tasks.yaml:25:19: files[1]: "/etc/passwd" leaves the repository; name it from the repository\'s top',
        'tasks.yaml:25:32: files[2]: "a\\\\b" is no path of the repository; use forward slashes and plain text',
        'tasks.yaml:25:39: files[3]: "x/.GIT/y" lies in .git, which is never touched; remove it',
        'tasks.yaml:26:25: allow_dependencies: true or false expected, found "yes" (text); write true',
        'tasks.yaml:30:9: the id "abc" is taken by the entry on line 16; rename one of them',
        "tasks.yaml:31:12: title: more than one line, or control characters; put the rest under description",
        "tasks.yaml:32:5: tasks[5]: a mapping (key: value) expected, found 7 (a number)",
    ]


@pytest.mark.parametrize(
    "task_id",
    ["a/b", "../a", "a..b", "a.lock", "a.", "-a", ".a", "", "A", "ä", "a b", "a\u202eb", "a" * 65, "a~1", "@"],
)
def test_unsafe_ids(write, task_id: str) -> None:  # type: ignore[no-untyped-def]
    (fault,) = faults_of(write(f'tasks:\n  - id: "{task_id}"\n    title: t\n'))
    assert fault.startswith("tasks.yaml:2:9: id: ")
    assert fault.isprintable()


def test_a_spoilt_value_is_told_once(write) -> None:  # type: ignore[no-untyped-def]
    (fault,) = faults_of(write("tasks:\n  - id: a\n    title: *x\n"))
    assert fault == "tasks.yaml:3:12: an alias, *x; write the value out; aliases are not read"


@pytest.mark.parametrize(
    ("rest", "start"),
    [
        ("depends_on: [a]", "tasks.yaml:4:18: the dependencies go in a circle: a -> a"),
        ('request: "\\e[31m"', "tasks.yaml:4:14: request: "),
        ("budget: {build: 99999999999}", "tasks.yaml:4:21: build: input should be less"),
        ("budget: {build: .nan}", "tasks.yaml:4:21: .nan is no number"),
        ("budget: {build: -5}", "tasks.yaml:4:21: build: input should be greater"),
        ("scope: closed", 'tasks.yaml:4:12: scope: "closed"'),
        ('description: "\\0"', "tasks.yaml:4:18: description: control characters"),
        ("allow: [~]", "tasks.yaml:4:13: allow[0]: text expected, found nothing"),
        ("files: {a: b}", "tasks.yaml:4:12: files: a list expected, found a mapping"),
    ],
)
def test_faults_of_one_value(write, rest: str, start: str) -> None:  # type: ignore[no-untyped-def]
    (fault,) = faults_of(write(one_task(rest)))
    assert fault.startswith(start)


def test_a_long_chain_of_dependencies_and_a_long_circle(write) -> None:  # type: ignore[no-untyped-def]
    count = 900
    chain = "".join(f"  - {{id: t{n}, title: t, depends_on: [t{n + 1}]}}\n" for n in range(count))
    last = f"  - {{id: t{count}, title: t}}\n"
    assert len(load_batch(write("tasks:\n" + chain + last)).tasks) == count + 1
    closed = last.replace("title: t", "title: t, depends_on: [t0]")
    (fault,) = faults_of(write("tasks:\n" + chain + closed))
    assert f"t{count} -> t0" in fault


def test_critical_tasks_above_their_share_give_reasons(write) -> None:  # type: ignore[no-untyped-def]
    def file(critical: int, total: int) -> str:
        rows = ["importance: critical" if n < critical else "importance: low" for n in range(total)]
        return "tasks:\n" + "".join(f"  - id: t{n}\n    title: t\n    {row}\n" for n, row in enumerate(rows))

    assert len(load_batch(write(file(4, 4))).tasks) == 4  # below five tasks no share is looked at
    assert len(load_batch(write(file(1, 5))).tasks) == 5  # exactly 20 %
    assert faults_of(write(file(2, 6))) == [
        f"tasks.yaml:{line}:17: 2 of 6 tasks are critical, more than 20 %; "
        "add importance_reason, or lower the importance"
        for line in (4, 7)
    ]
    reasoned = file(2, 6).replace("importance: critical", "importance: critical\n    importance_reason: paid for")
    assert len(load_batch(write(reasoned)).tasks) == 6


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"# only a comment\n", "the file is empty"),
        (b"[a]", "a mapping expected"),
        (b"tasks: []", "at least 1 item"),
        (b"version: 2\ntasks: [{id: a, title: t}]", "version: 2 (a number) is none of its words"),
        (b"tasks:\n  - id: \xff\xfe", "tasks.yaml:2:9: the byte 0xff is not UTF-8"),
        ("tasks: x".encode("utf-16"), "tasks.yaml:1:1: the byte 0xff is not UTF-8"),
        (b"tasks: \x00", "U+0000"),
        (b"a: " + b"[" * 500, "nested"),
    ],
)
def test_files_that_are_no_tasks_file(write, content: bytes, words: str) -> None:  # type: ignore[no-untyped-def]
    assert words in faults_of(write(content))[0]


def test_a_byte_order_mark_and_windows_line_ends_are_read(write) -> None:  # type: ignore[no-untyped-def]
    text = b"\xef\xbb\xbftasks:\r\n  - id: a\r\n    title: t\r\n    description: |\r\n      one\r\n      two\r\n"
    assert load_batch(write(text)).tasks[0].description == "one\ntwo"


@pytest.mark.timeout(10)
def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "sparse.yaml").touch()
    os.truncate(tmp_path / "sparse.yaml", 1 << 40)
    for path, words in [
        (tmp_path / "pipe.yaml", "no regular file"),
        (Path("/dev/zero"), "no regular file"),
        (tmp_path, "a folder"),
        (tmp_path / "none.yaml", "does not exist"),
        (tmp_path / "sparse.yaml", "larger than"),
        (tmp_path / ("x" * 300), "cannot be read"),
    ]:
        with pytest.raises(UsageError, match=words) as caught:
            load_batch(path)
        assert caught.value.hint


def test_orchestrate_yaml_stands_behind_the_tasks_file(write) -> None:  # type: ignore[no-untyped-def]
    write(
        "base: develop\nrequest: CR-1\ninvariants: [{id: a, text: old}, {id: b, text: kept}]\nsetup: []\n"
        "gate: {lint: ruff check ., test: pytest, memory_mb: 512, web: {test: jest}}\nloop: {lanes: 2}\n",
        "orchestrate.yaml",
    )
    tasks = write(
        "base: main\ninvariants: [{id: a, text: new}]\ngate: {lint: none, memory_mb: 1024, web: {lint: eslint}}\n"
        "tasks: [{id: a, title: t}]\n"
    )
    project = load_project(tasks, environment={})
    batch, settings = project.batch, project.loaded.settings
    assert (batch.base, batch.request, batch.setup) == ("main", "CR-1", ())
    assert [(one.id, one.text) for one in batch.invariants] == [("a", "new"), ("b", "kept")]
    assert batch.gate == (GateConfig(lint="", test="pytest"), GateConfig(path="web", lint="eslint", test="jest"))
    assert (settings.gate.memory_mb, settings.loop.lanes) == (1024, 2)
    assert project.loaded.provenance["loop.lanes"] == "orchestrate.yaml:6"


def test_faults_of_all_files_and_layers_come_together(write) -> None:  # type: ignore[no-untyped-def]
    write("lop: {lanes: 2}\nloop: {lanes: 0}\nsandbox: none\n", "orchestrate.yaml")
    tasks = write("tasks: [{id: a}]\n")
    with pytest.raises(UsageError) as caught:
        load_project(tasks, environment={"ORCHESTRATE_LOOP__LANES": "x"}, sets=["caps.max_tokens=-1"])
    starts = [fault.split(": ", 1)[0] for fault in caught.value.faults]
    assert starts == [
        "command line --set caps.max_tokens",
        "environment ORCHESTRATE_LOOP__LANES",
        "orchestrate.yaml:1:1",
        "orchestrate.yaml:2:15",
        "orchestrate.yaml:3:1",
        "tasks.yaml:1:9",
    ]
    assert caught.value.faults[2].endswith('unknown key "lop"; did you mean "loop"?')


def test_a_repositorys_file_names_no_program_address_or_key(write) -> None:  # type: ignore[no-untyped-def]
    """I7, I9. The control: the same settings from the user's own file hold."""
    hostile = (
        "models:\n  providers:\n    anthropic: {base_url: http://evil.example, key_env: [HOME]}\n"
        "    command: {command: curl}\n"
    )
    write(hostile, "orchestrate.yaml")
    tasks = write("tasks: [{id: a, title: t}]\n")
    faults = faults_of(tasks)
    assert [fault.split(" may")[0] for fault in faults] == [
        "orchestrate.yaml:3:17: models.providers.anthropic.base_url",
        "orchestrate.yaml:3:48: models.providers.anthropic.key_env",
        "orchestrate.yaml:4:15: models.providers.command.command",
    ]
    Path("orchestrate.yaml").unlink()
    Path("own/orchestrator").mkdir(parents=True)
    write(hostile, "own/orchestrator/config.yaml")
    loaded = load_project(tasks, environment={"XDG_CONFIG_HOME": str(Path("own").resolve())}).loaded
    assert loaded.settings.models.providers["anthropic"].base_url == "http://evil.example"


def test_only_restricts_and_says_what_it_lacks(write) -> None:  # type: ignore[no-untyped-def]
    path = write(CONTRACT)
    assert [task.id for task in load_batch(path, only=["other-task"]).tasks] == ["other-task"]
    assert len(load_batch(path, only=["fix-offset", "other-task"]).tasks) == 2
    with pytest.raises(UsageError, match="depends on other-task") as caught:
        load_batch(path, only=["fix-offset"])
    assert caught.value.hint == "add --only other-task"
    with pytest.raises(UsageError, match="no task") as caught:
        load_batch(path, only=["fix-ofset"])
    assert caught.value.hint == 'did you mean "fix-offset"?'
