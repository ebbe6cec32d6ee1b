"""Benches for coding commands: the copy, what counts in it, what the command sees, with a real sandbox and without."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.adapters import processes
from orchestrator.adapters.environment_state import Active, folder_of, write_active
from orchestrator.adapters.git import programs
from orchestrator.adapters.lane import GitLane
from orchestrator.adapters.models.command_llm import CommandLlm
from orchestrator.adapters.repository import UserRepository
from orchestrator.adapters.shell import LaneShell, Surroundings
from orchestrator.adapters.workbench import Benches, Workbench
from orchestrator.adapters.workbench_command import NOTE, Commands
from orchestrator.adapters.workbench_home import MAX_BYTES, allowed
from orchestrator.agents.answer import parse
from orchestrator.domain.call import CallKey, Deadlines, Message, Request, Speaker
from orchestrator.domain.edit import Create, FileChange, Replace
from orchestrator.domain.errors import ModelError, ModelFault, UsageError
from orchestrator.domain.task import Phase
from orchestrator.ports import EnvironmentInfo
from orchestrator.settings import Provider
from tests.adapters.lanes import limits, sandbox
from tests.fakes.repositories import Repo, isolated_home, odd_files, plain, snapshot, with_submodule
from tests.system import needs

KEEP = ("node_modules", ".venv", "vendor")
DEADLINES = Deadlines(first_byte_s=1, idle_s=1, total_s=30)
KEY = "sk-planted-0123456789"


def asked(task: str = "t", text: str = "Do it.") -> Request:
    """A request of that task's executor."""
    return Request(
        key=CallKey(task, Phase.BUILD, "executor"),
        provider="cli",
        model="any",
        system="Rules.",
        messages=(Message(speaker=Speaker.USER, text=text),),
        max_output_tokens=1,
    )


@dataclass
class Shop:
    """A lane with a task opened in it, and providers made for it."""

    repo: Repo
    repository: UserRepository
    lane: GitLane
    home: Path
    benches: Benches

    def llm(self, line: str, mode: str = "none", **provider: object) -> CommandLlm:
        setting = Provider.model_validate({"adapter": "command", "command": line, **provider})
        around = Surroundings(variables=dict(os.environ), home=self.home, checkout=self.repo.root)
        commands = Commands(
            sandbox=sandbox(mode), limits=limits(), surroundings=around, excludes=self.repository.user.excludes
        )
        commands.opened("t", self.lane)
        return commands.llm("cli", setting)

    def says(self, line: str, mode: str = "none", **provider: object) -> str:
        """What the command prints; it changes nothing."""
        return self.llm(line, mode, **provider).ask(asked(), DEADLINES).text

    def bench(self) -> Workbench:
        return Workbench(self.benches.lane_of, provider="cli", excludes=self.repository.user.excludes)

    def left(self) -> list[Path]:
        return list(self.lane.paths.home.glob("bench-*"))


Open = Callable[..., Shop]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    programs.cache_clear()
    home = isolated_home(monkeypatch, tmp_path / "home")
    opened: list[UserRepository] = []

    def make(build: Callable[[Path], Repo] = plain) -> Shop:
        repo = build(tmp_path / "app")
        around = Surroundings(variables=dict(os.environ), home=home, checkout=repo.root)
        repository = UserRepository(
            repo.root,
            cache=home / ".cache" / "orchestrator",
            keep=KEEP,
            shell=lambda paths: LaneShell(paths, sandbox=sandbox("none"), limits=limits(), surroundings=around),
            provide=lambda paths, shell, setup: EnvironmentInfo(digest="none", lock_hash="none"),
        )
        opened.append(repository)
        lane = repository.lane(0)
        lane.refresh([base := repository.pin(None)])
        lane.checkout(base)
        benches = Benches()
        benches.opened("t", lane)
        return Shop(repo, repository, lane, home, benches)

    yield make
    for repository in opened:
        repository.close()


# the copy


def files_of(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below it but git's: mode and content, or the link's target."""
    every = snapshot(root)
    return {
        name: (mode, data) for name, (mode, _, data) in every.items() if ".git" not in Path(name).parts[:1] and data
    }


def test_the_copy_is_the_recorded_tree_whatever_its_files_are(shop: Open) -> None:
    it = shop(odd_files)
    (it.lane.root / "build").mkdir()
    (it.lane.root / "build/ignored").write_text("left by a gate\n")
    (it.lane.root / "stray").write_text("not recorded\n")
    it.lane.stage([FileChange(path="src/app.py", content=b"changed = 1\n"), FileChange(path="new.py", content=b"n\n")])
    expected = {name: entry for name, entry in files_of(it.lane.root).items() if name not in {"stray", "build/ignored"}}
    with it.bench().copy(asked()) as tree:
        assert files_of(tree) == expected
        assert (tree / "new.py").read_bytes() == b"n\n"
        assert tree.is_relative_to(it.lane.paths.home)
        copy = Repo(tree)
        assert copy.git("log", "--format=%s").splitlines() == ["The tree as it stands"]
        assert copy.git("status", "--porcelain") == ""
        assert not list(tree.glob(".git/objects/info/alternates"))
    assert it.left() == []


def test_changes_in_a_copy_reach_nothing_else(shop: Open) -> None:
    it = shop()
    before, checkout = files_of(it.lane.root), snapshot(it.repo.root)
    with it.bench().copy(asked()) as tree:
        (tree / "src/app.py").write_text("other\n")
        Repo(tree).git("commit", "-qam", "mine")
    assert files_of(it.lane.root) == before
    assert snapshot(it.repo.root) == checkout
    assert it.lane.settle(it.lane.tree_of(it.repo.head)) == ()


def test_a_submodule_is_copied_without_its_git(shop: Open) -> None:
    it = shop(with_submodule)
    with it.bench().copy(asked()) as tree:
        assert (tree / "lib/src/app.py").exists()
        assert not (tree / "lib/.git").exists()
        assert it.bench().keep(tree, ["lib/new.py", "new.py", "new.log"]) == ("lib/new.py", "new.py")


def test_two_copies_of_one_lane_do_not_meet(shop: Open) -> None:
    it = shop()
    with it.bench().copy(asked()) as one, it.bench().copy(asked()) as other:
        (one / "README.md").write_text("one\n")
        assert (other / "README.md").read_text() == "# App\n"
        assert len(it.left()) == 2
    assert it.left() == []


def test_what_a_killed_run_left_goes_when_the_next_task_begins(shop: Open) -> None:
    it = shop()
    left = it.lane.paths.home / "bench-0123/tree/deep"
    left.mkdir(parents=True)
    left.chmod(0)
    it.benches.opened("next", it.lane)
    assert it.left() == []


def test_without_space_nothing_was_spent(shop: Open) -> None:
    it = shop()
    (it.lane.root / "README.md").unlink()  # stands for any fault of the disk: the copy cannot be completed
    with pytest.raises(ModelError, match=r"cli: no copy of the tree could be made: No such file") as caught:
        it.llm("echo hi").ask(asked(), DEADLINES)
    assert (caught.value.fault, caught.value.billed, caught.value.transient) == (ModelFault.SERVER, False, True)
    assert it.left() == []


# what counts


def test_new_files_that_git_ignores_do_not_count(shop: Open) -> None:
    it = shop()
    (it.home / ".config/git").mkdir(parents=True)
    (it.home / ".config/git/ignore").write_text(".agent*\n")
    product = it.lane.paths.products / "src/_version.py"
    product.parent.mkdir(parents=True)
    product.write_text("V = 1\n")
    line = """
        mkdir -p build cache/deep 'odd dir'; echo x > build/out; echo x > debug.log; echo x > .agent-history
        echo '*' > cache/.gitignore; echo x > cache/deep/file; echo x > ':(top)x'; echo x > 'odd dir/ü.py'
        echo 'V = 2' > src/_version.py; echo 'generated/' >> .gitignore; mkdir generated; echo x > generated/a
        printf '[core]\\n\\texcludesFile = /dev/null\\n\\tfsmonitor = touch %s/ran\\n' "$HOME" >> .git/config
    """
    answer = it.llm(line).ask(asked(), DEADLINES)
    edits = parse(answer.text).edits
    created = {edit.path for edit in edits if isinstance(edit, Create)}
    assert created == {":(top)x", "odd dir/ü.py"}
    assert [edit.path for edit in edits if isinstance(edit, Replace)] == [".gitignore"]


def test_products_of_setup_are_there_and_never_through_a_link(shop: Open, tmp_path: Path) -> None:
    it = shop()
    outside = tmp_path / "outside"
    outside.mkdir()
    (it.lane.root / "linked").symlink_to(outside)
    it.lane.record([])
    for name in ("src/_version.py", "README.md", "into/deep.py", "way/x.py"):
        (it.lane.paths.products / name).parent.mkdir(parents=True, exist_ok=True)
        (it.lane.paths.products / name).write_text("made\n")
    it.lane.stage([FileChange(path="way", content=b"a file now\n")])
    said = it.says("cat src/_version.py into/deep.py README.md way")
    assert said == "made\nmade\n# App\na file now\n"


# what the command sees


@needs("bwrap")
@pytest.mark.parametrize("mode", ["bwrap", "none"])
def test_variables_are_named_ones_and_harmless_ones(shop: Open, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    it = shop()
    for name, value in {"CLI_KEY": KEY, "OPENAI_API_KEY": "sk-other", "SSH_AUTH_SOCK": "/tmp/x", "TZ": "UTC"}.items():
        monkeypatch.setenv(name, value)
    passed = ["CLI_KEY", "NOT_SET", "HOME", "PATH"]
    said = it.says('env; echo "key $(printf %s $CLI_KEY | wc -c)"; ls -A ~; pwd', mode, pass_env=passed)
    seen = dict(line.partition("=")[::2] for line in said.splitlines() if "=" in line)
    assert f"key {len(KEY)}" in said
    assert seen["CLI_KEY"] == "[CLI_KEY]"
    assert KEY not in said
    assert {"OPENAI_API_KEY", "SSH_AUTH_SOCK", "NOT_SET", "XDG_CONFIG_HOME"}.isdisjoint(seen)
    assert seen["HOME"] not in {str(it.home), os.environ["HOME"]}
    assert seen["TZ"] == "UTC"
    assert "~/" not in seen["PATH"]
    assert (seen["HOME"] == "/home/lane") is (mode == "bwrap")


@needs("bwrap")
@pytest.mark.parametrize("mode", ["bwrap", "none"])
def test_configuration_is_there_as_a_copy(shop: Open, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    it = shop()
    config = it.home / ".config/cli"
    (config / "deep").mkdir(parents=True)
    (config / "deep/token").write_text("login\n")
    (it.home / "dotfiles").mkdir()
    (it.home / "dotfiles/settings").write_text("linked\n")
    (config / "settings").symlink_to(it.home / "dotfiles/settings")
    (config / "dangling").symlink_to("nowhere")
    (config / "folder").symlink_to(it.home / "dotfiles")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(config)  # the name of a socket may be too long
        server.bind("socket")
        (it.home / ".cli.json").write_text("{}\n")
        before = snapshot(it.home / ".config")
        line = (
            "cat ~/.config/cli/deep/token ~/.config/cli/settings ~/.cli.json; ls -A ~ ~/.config; echo new > ~/.cli.json"
        )
        said = it.says(f"{line}; rm -r ~/.config/cli/deep", mode, config_dirs=["~/.config/cli", "~/.cli.json"])
    assert said.startswith("login\nlinked\n{}\n")
    assert "dotfiles" not in said
    assert ".gitconfig" not in said
    assert snapshot(it.home / ".config") == before
    assert (it.home / ".cli.json").read_text() == "{}\n"
    assert it.left() == []


def test_configuration_that_cannot_be_shown_is_named_at_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "big").mkdir(parents=True)
    os.truncate(os.open(home / "big/file", os.O_CREAT | os.O_WRONLY), MAX_BYTES + 1)
    names = ["~/missing", "~", "~/.", "/etc", "relative", "~/../x", str(home), "~/big"]
    with pytest.raises(UsageError) as caught:
        allowed(names, home, provider="cli")
    for words in (
        "~/missing: does not exist",
        "/etc: lies not below",
        "relative: lies not",
        "~/../x: lies",
        "MB in all",
    ):
        assert words in caught.value.message
    assert caught.value.message.count("lies not below the home folder") == 6
    assert caught.value.hint


@needs("bwrap")
def test_the_sandbox_shows_the_copy_and_what_it_needs(shop: Open) -> None:
    it = shop()
    modules = it.lane.root / "node_modules/left-pad"
    modules.mkdir(parents=True)
    (modules / "index.js").write_text("pad\n")
    (it.lane.root / "node_modules/.cache").mkdir()
    (it.home / "secret").write_text("never\n")
    root, home = it.lane.root, it.lane.paths.home
    line = f"""
        cat node_modules/left-pad/index.js; echo x > node_modules/.cache/x && echo cached
        echo x > node_modules/left-pad/index.js || echo kept
        cat {it.home}/secret || echo hidden; ls {it.repo.root} || echo no checkout; ls {home}
        echo x > /etc/planted || echo no; touch {home}/planted
        pwd; git log --format=%s; id -u; echo x > $HOME/ok; echo y > $TMPDIR/ok
    """
    said = it.says(line, "bwrap").splitlines()
    assert said == [
        "pad", "cached", "kept", "hidden", "no checkout", "tree", "no",
        str(root), "The tree as it stands", "1000",
    ]  # fmt: skip
    assert (modules / "index.js").read_text() == "pad\n"
    assert not (home / "planted").exists()


@needs("bwrap")
def test_what_was_installed_from_the_tree_finds_the_copy(shop: Open) -> None:
    it = shop()
    active = Active(lock_hash="0123456789abcdef0", finished=True)
    venv = folder_of(it.lane.paths, active.lock_hash) / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    write_active(it.lane.paths, active)
    [packages] = venv.glob("lib/python3*/site-packages")
    (packages / "app.pth").write_text(f"{it.lane.root}/src\n")
    code = "import sys, app; print(app.ADDED, sys.prefix)"
    line = f"""
        echo 'ADDED = 1' >> src/app.py; PYTHONPATH= python -c '{code}'; git checkout -q src/app.py
        touch {packages}/planted 2> /dev/null || echo kept
    """
    assert it.says(line, "bwrap").splitlines() == [f"1 {venv}", "kept"]


@needs("bwrap")
def test_the_sandbox_has_a_network(shop: Open) -> None:
    it = shop()
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 5); print('there')"
        assert it.says(f'python3 -c "{code}"', "bwrap") == "there\n"


@needs("bwrap")
def test_a_vendored_folder_of_the_repository_is_the_copys_own(shop: Open) -> None:
    def vendored(root: Path) -> Repo:
        repo = plain(root)
        repo.commit("Vendored", **{"vendor/lib.py": "x = 1\n"})
        return repo

    answer = shop(vendored).llm("echo 'x = 2' > vendor/lib.py", "bwrap").ask(asked(), DEADLINES)
    assert parse(answer.text).edits == (Replace(path="vendor/lib.py", search="x = 1", replace="x = 2"),)


def test_without_a_sandbox_the_lanes_environment_is_left_out(shop: Open) -> None:
    it = shop()
    tool = it.lane.root / "node_modules/.bin/lane-tool"
    tool.parent.mkdir(parents=True)
    tool.write_text("#!/bin/sh\necho lane\n")
    tool.chmod(0o755)
    said = it.says("lane-tool || echo none; echo $PATH; pwd; ls")
    assert said.startswith("none\n")
    assert str(it.lane.paths.home) not in said.splitlines()[1]
    assert "node_modules" not in said


# how it ends


def test_the_prompt_ends_with_what_holds_for_commands(shop: Open) -> None:
    assert shop().says("cat") == f"Rules.\n\nDo it.\n{NOTE}"


@needs("bwrap")
@pytest.mark.parametrize("mode", ["bwrap", "none"])
def test_nothing_it_started_lives_on(shop: Open, mode: str) -> None:
    it = shop()
    mark = f"7{int(time.time() * 1e6) % 10**9}"
    it.says(f"setsid sleep {mark} & (trap '' TERM HUP; sleep {mark}) & echo said", mode)
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert mark not in running
    assert it.left() == []


@needs("bwrap")
@pytest.mark.parametrize("mode", ["bwrap", "none"])
@pytest.mark.parametrize(
    ("line", "fault", "words", "billed"),
    [
        ("echo broken >&2; exit 3", ModelFault.UNKNOWN, "exit code 3: broken", True),
        ("no-such-program-here", ModelFault.NOT_FOUND, "not found", False),
        ("sleep 60", ModelFault.TIMEOUT, "not finished in time", True),
        ("kill -9 $$", ModelFault.UNKNOWN, "signal 9", True),
        ("mkdir -p $(printf 'd/%.0s' $(seq 250)); echo done", ModelFault.UNKNOWN, "more than 200 deep", True),
    ],
)
def test_a_failure_in_the_words_of_the_port(
    shop: Open, mode: str, line: str, fault: ModelFault, words: str, billed: bool
) -> None:
    it = shop()
    with pytest.raises(ModelError) as caught:
        it.llm(line, mode).ask(asked(), Deadlines(first_byte_s=1, idle_s=1, total_s=1.5))
    assert words in caught.value.message
    assert (caught.value.fault, caught.value.billed) == (fault, billed)
    assert it.left() == []


def test_output_is_cut_in_its_middle(shop: Open) -> None:
    said = shop().says("echo head; yes 0123456789 | head -c 3000000; echo tail")
    assert said.startswith("head\n")
    assert said.endswith("tail\n")
    assert len(said) < 300_000


def test_what_it_made_unreadable_is_read(shop: Open) -> None:
    line = "mkdir -p a/b; echo x > a/b/c.py; chmod 000 a/b/c.py a/b a; mkfifo pipe; chmod 0 README.md"
    answer = shop().llm(line).ask(asked(), DEADLINES)
    assert parse(answer.text).edits == (Create(path="a/b/c.py", content="x\n"),)


def test_a_key_it_wrote_into_a_file_stands_in_no_record(shop: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLI_KEY", KEY)
    llm = shop().llm('echo "key = \'$CLI_KEY\'" > new.py; echo "$CLI_KEY" >&2', pass_env=["CLI_KEY"])
    answer = llm.ask(asked(), DEADLINES)
    assert parse(answer.text).edits == (Create(path="new.py", content="key = '[CLI_KEY]'\n"),)
    assert KEY not in str(answer)


def test_a_halted_run_ends_the_command(shop: Open) -> None:
    it = shop()
    started = it.lane.paths.home / "started"
    llm = it.llm(f"touch {started}; sleep 60")
    ended: list[BaseException] = []

    def ask() -> None:
        try:
            llm.ask(asked(), DEADLINES)
        except BaseException as error:  # noqa: BLE001 - looked at below
            ended.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    deadline = time.monotonic() + 10
    while not started.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    processes.stop_all()
    thread.join(10)
    assert [type(error) for error in ended] == [KeyboardInterrupt]
    assert it.left() == []


# before the first task


@pytest.mark.parametrize(
    "line",
    [
        "sh -c true",
        "KEY=1 sh",
        "cd src && sh x",
        "$AGENT --yes",
        "./tools/agent",
        "~/bin/agent",
        "/bin/sh x",
    ],
)
def test_a_line_that_may_run_passes(shop: Open, line: str) -> None:
    shop().llm(line).check(["any"])


@pytest.mark.parametrize(
    "line",
    ["no-such-program --yes", "KEY=1 no-such-program", "/no-such-program", "cd src && no-such-program", "", "  "],
)
def test_a_missing_program_is_named(shop: Open, line: str) -> None:
    with pytest.raises(ModelError, match=r"no-such-program: not found|no command is set") as caught:
        shop().llm(line).check(["any"])
    assert caught.value.fault is ModelFault.NOT_FOUND
    assert caught.value.hint


@needs("bwrap")
@pytest.mark.parametrize("mode", ["none", "bwrap"])
def test_a_rehearsal_works_in_an_empty_tree_and_leaves_nothing(shop: Open, mode: str) -> None:
    it = shop()
    around = Surroundings(variables=dict(os.environ), home=it.home, checkout=it.repo.root)
    commands = Commands(sandbox=sandbox(mode), limits=limits(), surroundings=around)
    llm = commands.llm("cli", Provider(adapter="command", command="cat > /dev/null; ls -A; pwd"))
    with commands.nowhere("doctor"):
        seen = llm.ask(asked("doctor"), DEADLINES).text.split()
    assert seen[0] == ".git"
    assert len(seen) == 2
    assert not Path(seen[1]).exists()
    with pytest.raises(KeyError):
        llm.ask(asked("doctor"), DEADLINES)
