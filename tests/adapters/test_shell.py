"""A lane's shell: what a command is given, what comes back, and that the code under test is the clone's."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from orchestrator.adapters.environment_state import Active, read_active, write_active
from orchestrator.adapters.lane_paths import LanePaths
from orchestrator.adapters.repository import UserRepository
from orchestrator.adapters.sandbox import Bubblewrap
from orchestrator.adapters.sandbox_probe import SandboxChoice, SandboxKind
from orchestrator.adapters.shell import LaneShell
from orchestrator.adapters.shell_installers import installer_configuration
from orchestrator.adapters.shell_variables import is_secret, source_roots, variables
from orchestrator.domain.errors import RefusedError
from orchestrator.ports import Command, EnvironmentInfo, Profile
from tests.adapters.lanes import gate, limits, make_lane, sandbox, shell, surroundings
from tests.fakes.repositories import Repo
from tests.system import needs

MODES = [pytest.param("bwrap", marks=pytest.mark.system("bwrap")), "none"]


@pytest.fixture
def paths(tmp_path: Path) -> LanePaths:
    return make_lane(tmp_path)


@needs("bwrap")
@pytest.mark.parametrize("mode", MODES)
def test_a_commands_outcome_comes_back_whole(paths: LanePaths, mode: str, tmp_path: Path) -> None:
    lane = shell(paths, mode)
    log = tmp_path / "check.log"
    ran = gate(lane, "echo out; echo err >&2; exit 7", log=log)
    assert (ran.exit_code, ran.stdout, ran.stderr, ran.timed_out, ran.killed_by) == (7, "out\n", "err\n", False, "")
    assert log.read_text() == "out\nerr\n"
    late = gate(lane, "echo begun; sleep 30", timeout_s=0.5)
    assert (late.exit_code, late.timed_out, late.stdout) == (-1, True, "begun\n")
    assert gate(lane, "no-such-tool --flag").exit_code == 127


@needs("bwrap")
@pytest.mark.parametrize("mode", MODES)
def test_a_command_runs_in_its_folder_and_nowhere_above_the_tree(paths: LanePaths, mode: str) -> None:
    (paths.root / "packages/api").mkdir(parents=True)
    (paths.root / "out").symlink_to("/")
    lane = shell(paths, mode)
    assert gate(lane, "pwd", path="packages/api").stdout == f"{(paths.root / 'packages/api').resolve()}\n"
    for path in ("../..", "/", "out", "missing"):
        ran = gate(lane, "touch here", path=path)
        assert ran.exit_code == 126
        assert f"no folder {path} in the tree" in ran.stderr


@needs("bwrap")
@pytest.mark.parametrize("mode", MODES)
def test_scratch_is_fresh_and_its_name_is_known_in_variables(paths: LanePaths, mode: str) -> None:
    lane = shell(paths, mode)
    options = {"PYTEST_ADDOPTS": "--junitxml=$ORCHESTRATE_SCRATCH/j.xml --x=${ORCHESTRATE_SCRATCH}/y"}
    ran = gate(
        lane,
        'echo "$PYTEST_ADDOPTS"; ls -A "$ORCHESTRATE_SCRATCH"; echo r > "$ORCHESTRATE_SCRATCH/j.xml"',
        environment=options,
    )
    assert ran.scratch is not None
    assert ran.stdout.splitlines()[0] == f"--junitxml={ran.scratch}/j.xml --x={ran.scratch}/y"
    assert (ran.scratch / "j.xml").read_text() == "r\n"
    assert [path.name for path in ran.scratch.iterdir()] == ["j.xml"]
    again = gate(lane, 'ls -A "$ORCHESTRATE_SCRATCH"')
    assert again.scratch != ran.scratch
    assert "j.xml" not in again.stdout
    for _ in range(10):
        gate(lane, "true")
    assert not ran.scratch.exists()


@needs("bwrap")
def test_which_finds_what_a_command_would_find(paths: LanePaths, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "linter").write_text("#!/bin/sh\necho linted\n")
    (tools / "linter").chmod(0o755)
    lane = shell(paths, "bwrap", surroundings(f"{tools}:/usr/bin:/bin"))
    assert lane.which("linter") == str(tools / "linter")
    assert gate(lane, "linter").stdout == "linted\n"
    assert lane.which("sh") in {"/usr/bin/sh", "/bin/sh"}
    assert lane.which("no-such-tool") is None


@needs("bwrap")
def test_this_programs_own_tools_serve_last_and_only_where_nothing_was_set_up(paths: LanePaths) -> None:
    own = str(Path(sys.executable).parent)
    lane = shell(paths, "bwrap", surroundings(f"{own}:/usr/bin:/bin"))
    assert own in lane.search_path(paths.root).split(":")
    plain = shell(paths, "bwrap", surroundings("/usr/bin:/bin"))
    assert plain.search_path(paths.root).split(":")[-1] == own
    (paths.env / ("a" * 16) / "venv/bin").mkdir(parents=True)
    write_active(paths, Active(lock_hash="a" * 64, finished=True))
    assert own not in lane.search_path(paths.root).split(":")
    assert lane.search_path(paths.root).split(":")[0] == str(paths.env / ("a" * 16) / "venv/bin")


@needs("bwrap")
@pytest.mark.parametrize("mode", MODES)
def test_the_clones_code_is_tested_though_the_users_python_has_theirs_installed(
    paths: LanePaths, tmp_path: Path, mode: str
) -> None:
    """The user's interpreter has an editable install of the user's checkout: a developer's machine as it is."""
    checkout = tmp_path / "checkout"
    for place, where in ((checkout / "src", "checkout"), (paths.root / "src", "clone")):
        (place / "demo").mkdir(parents=True)
        (place / "demo/__init__.py").write_text(f"WHERE = {where!r}\n")
    ambient = tmp_path / "ambient"
    base = Path(sys.base_prefix) / "bin/python3"
    made = gate(shell(paths, "none"), f"{base} -m venv --without-pip {ambient}")
    assert made.exit_code == 0, made.stderr
    site = next(ambient.glob("lib/python*/site-packages"))
    (site / "demo_editable.pth").write_text(f"{checkout / 'src'}\n")
    lane = shell(paths, mode, surroundings(f"{ambient}/bin:/usr/bin:/bin"))
    ask = "python -c 'import demo, sys; print(demo.WHERE, sys.prefix)'"
    assert gate(lane, ask).stdout == f"clone {ambient}\n"

    (paths.root / "src/demo/__init__.py").unlink()
    (paths.root / "src/demo").rmdir()
    (paths.root / "src/other.py").write_text("")
    gone = gate(lane, ask)
    if mode == "bwrap":
        assert "ModuleNotFoundError" in gone.stderr, "the user's checkout does not exist inside"
    else:
        assert gone.stdout.startswith("checkout "), "the positive control: the installed link does work"


@pytest.fixture
def repository(tmp_path: Path) -> Repo:
    root = tmp_path / "user"
    root.mkdir()
    repo = Repo(root)
    repo.git("init", "-q", "-b", "main")
    repo.git("config", "user.name", "Test")
    repo.git("config", "user.email", "test@localhost.invalid")
    (root / ".gitignore").write_text("node_modules\n")
    repo.commit("first", **{"a.txt": "one\n"})
    repo.git("tag", "v1.2.3")
    return repo


@needs("bwrap")
@pytest.mark.parametrize("mode", MODES)
def test_git_works_in_a_gate_and_nothing_of_it_stays(repository: Repo, tmp_path: Path, mode: str) -> None:
    def no_setup(paths: LanePaths, shell: object, setup: object) -> EnvironmentInfo:
        raise AssertionError

    user = UserRepository(
        repository.root,
        cache=tmp_path / "cache",
        keep=limits().dependency_folders,
        shell=lambda paths: LaneShell(paths, sandbox=sandbox(mode), limits=limits(), surroundings=surroundings()),
        provide=no_setup,
    )
    lane = user.lane(1)
    try:
        head = repository.head
        lane.refresh([head])
        lane.checkout(head)
        before = {path: path.read_bytes() for path in lane.git_dir.rglob("*") if path.is_file()}
        line = (
            "git describe --tags && git status --porcelain && echo two > a.txt && git config core.fsmonitor /bin/false"
            " && git config user.name evil && git commit -qam evil && git log --format=%s && mkdir hooks-here"
            " && echo 'exit 1' > .git/hooks-planted"
        )
        ran = gate(lane.shell, line)  # type: ignore[arg-type]
        assert (ran.exit_code, ran.stdout) == (0, "v1.2.3\nevil\nfirst\n"), ran.stderr
        assert not (lane.root / ".git").exists()
        assert {path: path.read_bytes() for path in lane.git_dir.rglob("*") if path.is_file()} == before
        objects = gate(lane.shell, "cat .git/objects/info/alternates; touch $(cat .git/objects/info/alternates)/x")  # type: ignore[arg-type]
        if mode == "bwrap":
            assert objects.stdout == "/lane/objects\n"
            assert "Read-only" in objects.stderr
    finally:
        user.close()


@needs("bwrap")
def test_a_sandbox_that_does_not_start_is_refused_never_gone_without(paths: LanePaths, tmp_path: Path) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2; exit 1\n")
    fake.chmod(0o755)
    choice = SandboxChoice(kind=SandboxKind.BWRAP, label="bwrap", wrap=Bubblewrap(program=str(fake)))
    lane = LaneShell(paths, sandbox=choice, limits=limits(), surroundings=surroundings())
    with pytest.raises(RefusedError, match="uid map: Permission denied") as refused:
        gate(lane, "touch ran")
    assert "--sandbox none" in refused.value.hint
    assert not (paths.root / "ran").exists()


def test_a_failing_command_that_speaks_like_the_sandbox_is_still_the_commands(paths: LanePaths) -> None:
    ran = gate(shell(paths, "bwrap"), "echo 'bwrap: no' >&2; exit 1")
    assert (ran.exit_code, ran.stderr) == (1, "bwrap: no\n")


SECRETS = (
    "ANTHROPIC_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "OPENAI_API_KEY",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "NPM_TOKEN",
    "NPM_CONFIG__AUTH",
    "npm_config__authToken",
    "PIP_PASSWORD",
    "UV_PUBLISH_TOKEN",
    "UV_INDEX_INTERNAL_PASSWORD",
    "UV_INDEX_INTERNAL_USERNAME",
    "POETRY_HTTP_BASIC_X_PASSWORD",
    "POETRY_PYPI_TOKEN_PYPI",
    "YARN_NPM_AUTH_TOKEN",
    "PIP_CLIENT_CERT",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "SSH_AUTH_SOCK",
    "GPG_AGENT_INFO",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_RUNTIME_DIR",
    "DOCKER_HOST",
    "KUBECONFIG",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "DATABASE_URL",
    "GIT_DIR",
    "GIT_ASKPASS",
    "PYTHONSTARTUP",
    "NODE_OPTIONS",
    "LD_PRELOAD",
)


@pytest.mark.parametrize("profile", list(Profile))
def test_no_secret_and_no_trap_among_the_variables(profile: Profile) -> None:
    users = dict.fromkeys(SECRETS, "planted") | {
        "PIP_INDEX_URL": "https://me:planted@packages.invalid/simple",
        "UV_DEFAULT_INDEX": "https://planted@packages.invalid/simple",
        "HTTPS_PROXY": "http://me:planted@proxy.invalid",
        "PIP_TIMEOUT": "9",
        "HTTP_PROXY": "http://proxy.invalid:3128",
        "TZ": "Europe/Paris",
    }
    made = variables(profile=profile, path="/bin", home=Path("/h"), temporary=Path("/t"), cache=Path("/c"), users=users)
    assert not [value for value in made.values() if "planted" in value]
    assert not set(SECRETS) & set(made)
    assert made["TZ"] == "Europe/Paris"
    assert made["HOME"] == "/h"
    kept = profile is Profile.SETUP
    assert ("PIP_TIMEOUT" in made, "HTTP_PROXY" in made) == (kept, kept)
    assert ("PYTHONDONTWRITEBYTECODE" in made) is not kept


def test_plain_installer_settings_are_no_secrets() -> None:
    for name in ("PIP_INDEX_URL", "PIP_CERT", "UV_INDEX_URL", "NPM_CONFIG_REGISTRY", "SSL_CERT_FILE", "NO_PROXY"):
        assert not is_secret(name, "https://packages.invalid/simple")
    assert is_secret("PIP_INDEX_URL", "https://me:word@packages.invalid/simple")


def test_installers_configuration_is_copied_without_its_secrets(tmp_path: Path) -> None:
    (tmp_path / ".npmrc").write_text(
        "registry=https://packages.invalid/\n//packages.invalid/:_authToken=planted\n_password = planted\n"
        "//x/:username=me\nkey=planted\nstrict-ssl=true\n"
    )
    (tmp_path / ".config/pip").mkdir(parents=True)
    (tmp_path / ".config/pip/pip.conf").write_text(
        "[global]\nindex-url = https://me:planted@packages.invalid/\ntimeout = 9\n"
    )
    copied = {
        file.relative.name: file.text for file in installer_configuration(tmp_path) if "home" in str(file.relative)
    }
    assert copied == {
        ".npmrc": "registry=https://packages.invalid/\nstrict-ssl=true\n",
        "pip.conf": "[global]\ntimeout = 9\n",
    }


def test_sources_of_the_clone_stand_first(tmp_path: Path) -> None:
    assert source_roots(tmp_path, tmp_path) == (tmp_path,)
    (tmp_path / "src/demo").mkdir(parents=True)
    assert source_roots(tmp_path, tmp_path) == (tmp_path,), "sources of another language"
    (tmp_path / "src/demo/__init__.py").write_text("")
    assert source_roots(tmp_path, tmp_path) == (tmp_path / "src",)
    api = tmp_path / "packages/api"
    api.mkdir(parents=True)
    assert source_roots(tmp_path, api) == (api, tmp_path / "src")


def test_the_record_of_the_active_environment_survives_damage(paths: LanePaths) -> None:
    assert read_active(paths) is None
    active = Active(lock_hash="b" * 64, finished=True, digest="d", folders=("node_modules",), notes=("n",))
    write_active(paths, active)
    assert read_active(paths) == active
    record = paths.env / "active.json"
    whole = record.read_text()
    for cut in range(len(whole)):
        record.write_text(whole[:cut])
        assert read_active(paths) is None
    record.write_text(whole.replace('"version": 1', '"version": 2'))
    assert read_active(paths) is None


def test_setup_writes_bytecode_once_and_gates_never(paths: LanePaths) -> None:
    (paths.root / "demo.py").write_text("")
    lane = shell(paths, "none", surroundings(os.environ["PATH"]))
    gate(lane, "python3 -c 'import demo'")
    assert not (paths.root / "__pycache__").exists()
    lane.run(Command(line="python3 -c 'import demo'", profile=Profile.SETUP, timeout_s=30))
    assert (paths.root / "__pycache__").exists()


@needs("bwrap")
def test_a_lane_behind_a_link_works_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "linked").symlink_to("real")
    lane = shell(make_lane(tmp_path / "linked"), "bwrap")
    assert gate(lane, "pwd; touch made").stdout == f"{tmp_path.resolve()}/real/lane-1/tree\n"
    assert (tmp_path / "real/lane-1/tree/made").exists()


@needs("bwrap")
def test_the_sandboxs_own_name_leads_to_itself(paths: LanePaths) -> None:
    lane = shell(paths, "bwrap")
    ask = "import socket; print(socket.gethostbyname(socket.gethostname()), socket.gethostbyname('localhost'))"
    assert gate(lane, f'python3 -c "{ask}"').stdout == "127.0.0.1 127.0.0.1\n"


@needs("bwrap", "npm")
def test_tools_that_want_the_network_give_up_at_once(paths: LanePaths) -> None:
    ran = gate(shell(paths, "bwrap"), "npx --yes a-package-nobody-has", timeout_s=60)
    assert ran.exit_code != 0
    assert ran.seconds < 20


@needs("bwrap")
@pytest.mark.parametrize("mode", MODES)
def test_what_one_command_leaves_at_home_is_gone_for_the_next(paths: LanePaths, mode: str) -> None:
    lane = shell(paths, mode)
    gate(lane, 'echo evil > ~/.gitconfig; echo x > "$TMPDIR/x"')
    assert gate(lane, 'ls -A ~ "$TMPDIR"').stdout.replace(" ", "").count("gitconfig") == 0


@needs("bwrap")
def test_setup_may_write_large_files_on_disk(paths: LanePaths) -> None:
    lane = shell(paths, "bwrap", file_size_mb=1)
    line = 'head -c 3000000 /dev/zero > "$TMPDIR/big" && df --output=target "$TMPDIR" | tail -1'
    ran = lane.run(Command(line=line, profile=Profile.SETUP, timeout_s=30))
    assert ran.exit_code == 0, ran.stderr
    assert ran.stdout.strip() != "/tmp"
    assert gate(lane, 'head -c 3000000 /dev/zero > "$TMPDIR/big"').exit_code != 0
