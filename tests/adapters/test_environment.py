"""A lane's environment: detected, made once, kept, exchanged, and never half finished."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest

from orchestrator.adapters.environment import EnvironmentProvider, packages_of
from orchestrator.adapters.environment_content import linked_outside
from orchestrator.adapters.environment_detect import detect_setup, requires_python, wants_python
from orchestrator.adapters.environment_lock import lock_hash
from orchestrator.adapters.environment_products import files_in, keep_products
from orchestrator.adapters.environment_python import satisfies
from orchestrator.adapters.environment_state import Active, read_active, write_active
from orchestrator.adapters.environment_words import fault_lines
from orchestrator.adapters.lane_paths import LanePaths
from orchestrator.adapters.sandbox_probe import SandboxKind
from orchestrator.domain.errors import PausedError, RefusedError
from orchestrator.ports import Command, Profile, Ran, Shell
from tests.adapters.lanes import gate, limits, make_lane, shell, surroundings, write_project
from tests.system import needs

EXTRAS = '[project]\nname="x"\n[project.optional-dependencies]\n'
PDM = """[project]
name = "x"
[tool.pdm.dev-dependencies]
test = ["pytest>=8", "pytest-cov", "-e file:///x"]
"""
HATCH = """[project]
name = "x"
[tool.hatch.envs.default]
dependencies = ["pytest", "a @ {root:uri}/a"]
[tool.hatch.envs.hatch-test]
extra-dependencies = ['pytest-cov; python_version > "3"']
"""
PIPFILE = """[packages]
flask = "*"
own = {path = "."}
[dev-packages]
pytest = ">=8"
pytest-cov = "*"
"""
TOX = """[testenv]
deps =
    -r {toxinidir}/t/need.txt
    pytest-cov  # it
    py39: mock
    {a}
"""


def kept(package: str) -> str:
    """The line that brings a package manager along for the project's scripts."""
    name = "yarn" if "yarn" in package else "pnpm"
    return (
        f"npm install --prefix node_modules/.manager {package} && mkdir -p node_modules/.bin && "
        f"ln -sf ../.manager/node_modules/.bin/{name} node_modules/.bin/{name}"
    )


@pytest.mark.parametrize(
    ("files", "installers", "lines"),
    [
        ({}, (), ()),
        ({"pyproject.toml": "[project]\nname='x'\n"}, (), ("pip install -e .",)),
        (
            {"pyproject.toml": EXTRAS + "test=['pytest']\ndocs=['x']\n"},
            (),
            ("pip install -e '.[test]'", "pip install pytest-cov"),
        ),
        (
            {"pyproject.toml": EXTRAS + "dev=['pytest', 'pytest-cov>=4', 'ruff']\n[tool.ruff]\n[tool.mypy]\n"},
            (),
            ("pip install -e '.[dev]'", "pip install mypy"),
        ),
        (
            {
                "pyproject.toml": "[project]\nname='x'\n[dependency-groups]\n"
                "test=['pytest-cov', {include-group='base'}]\n"
                "base=['hypothesis>6']\nloop=[{include-group='loop'}]\n"
            },
            (),
            ("pip install -e .", "pip install 'pytest-cov' 'hypothesis>6'"),
        ),
        ({"pyproject.toml": "[tool.ruff]\n"}, (), ("pip install ruff",)),
        ({"pyproject.toml": "not toml ["}, (), ()),
        (
            {"setup.py": "", "setup.cfg": "[options.extras_require]\ntesting = x\n"},
            (),
            ("pip install -e '.[testing]'",),
        ),
        (
            {
                "requirements.txt": "requests==2\n",
                "requirements-dev.txt": "# x\n-r requirements.txt\npytest\npytest-cov\n",
            },
            (),
            ("pip install -r requirements.txt -r requirements-dev.txt",),
        ),
        ({"uv.lock": "", "pyproject.toml": EXTRAS + "test=[]\n"}, ("uv",), ("uv sync --frozen --extra test",)),
        (
            {"uv.lock": "", "pyproject.toml": "[project]\nname='x'\n[dependency-groups]\ntests=['pytest']\n"},
            (),
            ("pip install uv", "uv sync --frozen --inexact --group tests"),
        ),
        (
            {
                "poetry.lock": '[[package]]\nname = "pytest"\nversion = "7.4.4"\n',
                "pyproject.toml": "[tool.poetry.dependencies]\nrich = '*'\n"
                "[tool.poetry.dev-dependencies]\npytest = '^7.0.0'\nattrs = '^21.4'\n"
                "old = '~0.3.1'\nown = {path = 'x'}\n"
                "[tool.poetry.group.test.dependencies]\nhypothesis = {version = '>=6, <7', optional = true}\n",
            },
            (),
            (
                "pip install -e .",
                "pip install 'pytest==7.4.4' 'attrs>=21.4,<22' 'old>=0.3.1,<0.4' 'hypothesis>=6,<7'",
                "pip install pytest-cov",
            ),
        ),
        ({"poetry.lock": "", "pyproject.toml": "[tool.poetry]\n"}, ("poetry",), ("poetry install",)),
        ({"package.json": "{}"}, (), ()),
        ({"package.json": '{"devDependencies": {"a": "1"}}'}, (), ("npm install --no-package-lock",)),
        ({"package.json": "{}", "package-lock.json": "{}"}, (), ("npm ci",)),
        ({"pyproject.toml": PDM}, (), ("pip install -e .", "pip install 'pytest>=8' 'pytest-cov'")),
        (
            {"pyproject.toml": HATCH},
            (),
            ("pip install -e .", """pip install 'pytest' 'pytest-cov; python_version > "3"'"""),
        ),
        ({"Pipfile": PIPFILE}, (), ("pip install 'flask' 'pytest>=8' 'pytest-cov'",)),
        ({"setup.py": "", "tox.ini": TOX}, (), ("pip install -e .", "pip install -r t/need.txt 'pytest-cov'")),
        ({"setup.cfg": "[tool:pytest]\n", "tox.ini": "[testenv"}, (), ("pip install pytest pytest-cov",)),
        (
            {"setup.cfg": "[metadata]\nname = x\n[flake8]\n", "tox.ini": "[pytest]\n"},
            (),
            ("pip install -e .", "pip install pytest flake8 pytest-cov"),
        ),
        ({"package.json": "{}", "pnpm-lock.yaml": ""}, ("pnpm",), ("pnpm install --frozen-lockfile",)),
        (
            {"package.json": "{}", "pnpm-lock.yaml": ""},
            ("corepack",),
            ("npx --yes --package pnpm@9 pnpm install --frozen-lockfile", kept("pnpm@9")),
        ),
        (
            {"package.json": "{}", "pnpm-lock.yaml": "", "pnpm-workspace.yaml": "allowBuilds:\n  esbuild: true\n"},
            (),
            ("npx --yes --package pnpm@10 pnpm install --frozen-lockfile", kept("pnpm@10")),
        ),
        (
            {
                "package.json": '{"engines": {"pnpm": ">=10.1"}}',
                "pnpm-lock.yaml": "",
                "pnpm-workspace.yaml": "packages:",
            },
            (),
            ("npx --yes --package pnpm@10 pnpm install --frozen-lockfile", kept("pnpm@10")),
        ),
        (
            {"package.json": '{"packageManager": "pnpm@10.12.1+sha512.00"}', "pnpm-lock.yaml": ""},
            (),
            ("npx --yes --package pnpm@10.12.1 pnpm install --frozen-lockfile", kept("pnpm@10.12.1")),
        ),
        (
            {"package.json": "{}", "yarn.lock": ""},
            (),
            ("npx --yes --package yarn@1 yarn install --frozen-lockfile", kept("yarn@1")),
        ),
        (
            {"package.json": '{"packageManager": "yarn@4.1.0"}', "yarn.lock": "", ".yarnrc.yml": ""},
            (),
            (
                "npx --yes --package @yarnpkg/cli-dist@4.1.0 yarn install --immutable",
                kept("@yarnpkg/cli-dist@4.1.0"),
            ),
        ),
        ({"package.json": "{}", "yarn.lock": ""}, ("yarn",), ("yarn install --frozen-lockfile",)),
        ({"package.json": "{}", "yarn.lock": "", ".yarnrc.yml": ""}, ("yarn",), ("yarn install --immutable",)),
        (
            {"pyproject.toml": "[project]\nname='x'\n", "package.json": "{}", "package-lock.json": "{}"},
            (),
            ("pip install -e .", "npm ci"),
        ),
    ],
)
def test_setup_is_read_from_the_repositorys_files(
    files: dict[str, str], installers: tuple[str, ...], lines: tuple[str, ...]
) -> None:
    assert detect_setup(files, installers) == lines


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (("pip install -e .",), True),
        ((".venv/bin/pip install x",), True),
        (("make deps && uv sync",), True),
        (("npm ci",), False),
        (("./pipeline.sh",), False),
        ((), False),
    ],
)
def test_a_virtual_environment_is_made_where_lines_need_one(lines: tuple[str, ...], wanted: bool) -> None:
    assert wants_python(lines, {}) is wanted


@pytest.mark.parametrize(
    ("requires", "fits"),
    [
        ("", True),
        (">=3.9", True),
        (">=3.11,<4", True),
        (">=3.12", False),
        ("<3.11", False),
        ("~=3.11", True),
        ("~=3.10.2", False),
        ("==3.11.*", True),
        ("==3.11", False),
        ("!=3.11.*", False),
        ("<=3.11", False),
        (">3.11", True),
        ("garbage", True),
    ],
)
def test_requires_python_is_understood(requires: str, fits: bool) -> None:
    assert satisfies((3, 11, 7), requires) is fits


def test_requires_python_is_found() -> None:
    assert requires_python({"pyproject.toml": "[project]\nrequires-python = '>=3.12'\n"}) == ">=3.12"
    assert requires_python({"pyproject.toml": "project = 3\n"}) == ""
    assert requires_python({}) == ""


def test_the_lock_hash_follows_what_the_environment_depends_on(tmp_path: Path) -> None:
    def hashed(lines: Sequence[str] = ("npm ci",), tools: Sequence[str] = ("node v20",)) -> str:
        return lock_hash(tmp_path, lines, tools=tools, skip=("node_modules",))

    (tmp_path / "package.json").write_text("{}")
    first = hashed()
    (tmp_path / "code.js").write_text("1")
    (tmp_path / "node_modules/x").mkdir(parents=True)
    (tmp_path / "node_modules/x/package.json").write_text("{}")
    assert hashed() == first
    seen = {first, hashed(lines=("npm install",)), hashed(tools=("node v22",)), hashed(lines=(), tools=("npm ci",))}
    for name in ("package-lock.json", "packages/a/package.json", "requirements/dev.txt", "requirements-dev.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
        seen.add(hashed())
    assert len(seen) == 8


@pytest.fixture
def paths(tmp_path: Path) -> LanePaths:
    return make_lane(tmp_path)


def provider(sandbox: SandboxKind = SandboxKind.BWRAP) -> EnvironmentProvider:
    return EnvironmentProvider(limits=limits(), surroundings=surroundings(), sandbox=sandbox)


@needs("bwrap")
def test_a_python_project_is_set_up_once_and_its_gate_tests_the_clone(paths: LanePaths, tmp_path: Path) -> None:
    write_project(paths.root, "clone")
    lane, provide = shell(paths, "bwrap"), provider()
    made = provide(paths, lane, None)
    assert made.seconds > 0
    assert made.notes == ("setup detected: pip install -e .",)
    ask = "python -c 'import demo, sys; print(demo.WHERE, demo.__file__, sys.prefix)'"
    where, file, prefix = gate(lane, ask).stdout.split()
    assert where == "clone"
    assert Path(file).is_relative_to(paths.root)
    assert Path(prefix).is_relative_to(paths.env)
    assert gate(lane, 'touch "$VIRTUAL_ENV/planted"').exit_code != 0, "read-only in gates"
    assert sorted(path.name for path in paths.products.rglob("*") if path.is_file()) == ["PKG-INFO", "_version.py"]

    kept = provide(paths, lane, None)
    assert (kept.seconds, kept.digest, kept.lock_hash) == (0.0, made.digest, made.lock_hash)

    bare = provide(paths, lane, ())
    assert bare.lock_hash != made.lock_hash
    assert read_active(paths) is not None
    assert not paths.products.exists() or not any(paths.products.iterdir())
    assert Path(gate(lane, ask).stdout.split()[2]) != Path(prefix), "the user's own tools serve"

    again = provide(paths, lane, None)
    assert (again.seconds, again.digest) == (0.0, made.digest)
    assert gate(lane, ask).stdout.split()[2] == prefix
    assert (paths.root / "src/demo/_version.py").exists(), "its products came back"


@needs("bwrap", "npm")
def test_node_packages_are_set_up_and_exchanged_whole(paths: LanePaths) -> None:
    (paths.root / "local").mkdir()
    (paths.root / "local/package.json").write_text('{"name": "local", "version": "1.0.0"}')
    (paths.root / "package.json").write_text('{"name": "x", "dependencies": {"local": "file:./local"}}')
    (paths.root / ".npmrc").write_text("install-links=true\n")
    lane, provide = shell(paths, "bwrap"), provider()
    made = provide(paths, lane, None)
    assert made.notes == ("setup detected: npm install --no-package-lock",)
    active = read_active(paths)
    assert active is not None
    assert active.folders == ("node_modules",)
    assert gate(lane, "node -p 'require(\"local/package.json\").version'").stdout == "1.0.0\n"
    provide(paths, lane, ())
    assert not (paths.root / "node_modules").exists()
    assert provide(paths, lane, None).seconds == 0.0
    assert (paths.root / "node_modules/local/package.json").exists()


@dataclass
class SmallShell:
    """A shell whose setup lines do what a test wants, in the lane itself: no sandbox, no installer."""

    paths: LanePaths
    exit_codes: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    interrupt: bool = False

    def run(self, command: Command) -> Ran:
        assert command.profile is Profile.SETUP
        self.lines.append(command.line)
        target = self.paths.root / "node_modules/pkg"
        target.mkdir(parents=True, exist_ok=True)
        (target / "package.json").write_text("{}")
        if self.interrupt:
            raise KeyboardInterrupt
        code = self.exit_codes.pop(0) if self.exit_codes else 0
        return Ran(exit_code=code, stdout="some\n", stderr="no matching version\n" if code else "", seconds=0.1)

    def which(self, program: str) -> str | None:
        return None


@dataclass(frozen=True)
class OneProgram:
    """A shell that knows where one program stands, and runs nothing."""

    program: Path

    def which(self, program: str) -> str | None:
        return str(self.program) if program == self.program.name else None

    def run(self, command: Command) -> Ran:
        raise AssertionError(command)


@pytest.mark.parametrize(
    ("folder", "lines"),
    [
        ("/usr/bin", ("uv sync --frozen",)),
        ("lane/env/0123/venv/bin", ("pip install uv", "uv sync --frozen --inexact")),
    ],
)
def test_an_installer_that_the_last_environment_brought_is_not_the_machines(
    tmp_path: Path, folder: str, lines: tuple[str, ...]
) -> None:
    paths = LanePaths.at(tmp_path / "lane")
    paths.root.mkdir(parents=True)
    (paths.root / "uv.lock").write_text("")
    (paths.root / "pyproject.toml").write_text("[project]\nname='x'\n")
    plan = provider()._plan(paths, OneProgram(tmp_path / folder / "uv"), None)
    assert plan.lines == lines


def test_a_failed_setup_pauses_and_is_made_again(paths: LanePaths) -> None:
    lane = SmallShell(paths, exit_codes=[0, 9])
    with pytest.raises(PausedError) as paused:
        provider()(paths, lane, ("make one", "make two"))
    assert "`make two` ended with exit code 9" in paused.value.message
    assert "setup-2.log" in paused.value.message
    assert "no matching version" in paused.value.message
    assert "orchestrate resume" in paused.value.hint
    assert paused.value.slug == "environment-setup"
    info = provider()(paths, lane, ("make one", "make two"))
    assert lane.lines == ["make one", "make two", "make one", "make two"]
    assert provider()(paths, lane, ("make one", "make two")) == replace(info, seconds=0.0)
    assert len(lane.lines) == 4


def test_an_interrupted_setup_is_never_taken_for_done(paths: LanePaths) -> None:
    with pytest.raises(KeyboardInterrupt):
        provider()(paths, SmallShell(paths, interrupt=True), ("make",))
    active = read_active(paths)
    assert active is not None
    assert not active.finished
    (paths.root / "node_modules/half").mkdir()
    lane = SmallShell(paths)
    provider()(paths, lane, ("make",))
    assert lane.lines == ["make"]
    assert not (paths.root / "node_modules/half").exists(), "half of an environment is no start for one"


def test_an_exchange_cut_off_at_any_point_ends_in_a_whole_environment(paths: LanePaths) -> None:
    lane = SmallShell(paths)
    first = provider()(paths, lane, ("one",))
    active = read_active(paths)
    assert active is not None
    write_active(paths, replace(active, finished=False))  # killed between the first and the last rename
    again = provider()(paths, lane, ("one",))
    assert again.digest == first.digest
    assert lane.lines == ["one", "one"]


def test_an_environment_that_is_not_what_it_was_is_made_again(paths: LanePaths) -> None:
    lane = SmallShell(paths)
    made = provider()(paths, lane, ("one",))
    (paths.root / "node_modules/evil").mkdir()
    again = provider()(paths, lane, ("one",))
    assert lane.lines == ["one", "one"]
    assert again.digest == made.digest
    assert not (paths.root / "node_modules/evil").exists()


@needs("bwrap")
def test_gates_do_not_change_what_the_environment_is(paths: LanePaths) -> None:
    lane = SmallShell(paths)
    provider()(paths, lane, ("one",))
    ran = gate(shell(paths, "bwrap"), "echo x > node_modules/.cache/x; mkdir -p node_modules/.vite/deep")
    assert ran.exit_code == 0, ran.stderr
    provider()(paths, lane, ("one",))
    assert lane.lines == ["one"]


def test_dependency_folders_of_the_base_itself_stay_where_they_are(paths: LanePaths) -> None:
    (paths.root / "vendor/lib").mkdir(parents=True)
    (paths.root / "vendor/lib/code.php").write_text("tracked")
    lane = SmallShell(paths)
    provider()(paths, lane, ("one",))
    provider()(paths, lane, ("two",))
    provider()(paths, lane, ("one",))
    assert lane.lines == ["one", "two"]
    assert (paths.root / "vendor/lib/code.php").read_text() == "tracked"


def test_old_environments_go(paths: LanePaths) -> None:
    lane = SmallShell(paths)
    for number in range(7):
        provider()(paths, lane, (f"line {number}",))
    assert len([entry for entry in paths.env.iterdir() if entry.is_dir()]) == 4
    assert (paths.root / "node_modules/pkg").is_dir()


def link_elsewhere(paths: LanePaths) -> tuple[Path, Path]:
    """A virtual environment and a node_modules with every kind of link, out of the lane and within."""
    venv = paths.env / "x" / "venv"
    site = venv / "lib/python3.11/site-packages"
    site.mkdir(parents=True)
    (site / "good.pth").write_text(f"import os\n{paths.root}/src\n")
    (site / "bad.pth").write_text("/home/user/project/src\n")
    (site / "__editable___pkg_1_0_finder.py").write_text("MAPPING = {'pkg': '/home/user/pkg'}\nok = 'relative'\n")
    for name, url in (("linked", "file:///home/user/linked"), ("inside", f"file://{paths.root}")):
        info = site / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "direct_url.json").write_text(f'{{"url": "{url}", "dir_info": {{"editable": true}}}}')
    copied = site / "copied-1.0.dist-info"
    copied.mkdir()
    (copied / "direct_url.json").write_text('{"url": "file:///home/user/copied", "dir_info": {}}')
    modules = paths.root / "node_modules"
    (modules / "@scope").mkdir(parents=True)
    (modules / "workspace").symlink_to("../packages/a")
    (modules / "@scope/linked").symlink_to("/home/user/linked")
    return venv, modules


def test_packages_that_are_really_elsewhere_are_named(paths: LanePaths) -> None:
    venv, modules = link_elsewhere(paths)
    assert linked_outside(paths, venv, [modules]) == (
        "@scope/linked -> /home/user/linked",
        "__editable___pkg_1_0_finder.py -> /home/user/pkg",
        "bad.pth -> /home/user/project/src",
        "linked-1.0 -> /home/user/linked",
    )


class LinkingShell(SmallShell):
    """Setup that links a package from elsewhere."""

    def run(self, command: Command) -> Ran:
        ran = super().run(command)
        (self.paths.root / "node_modules/linked").symlink_to("/home/user/linked")
        return ran


def test_links_out_of_the_lane_are_noted_in_the_sandbox_and_refused_without(paths: LanePaths, tmp_path: Path) -> None:
    info = provider()(paths, LinkingShell(paths), ("npm link",))
    assert info.notes == ("not visible in gates, since it is installed as a link: linked -> /home/user/linked",)
    other = make_lane(tmp_path / "other")
    with pytest.raises(RefusedError, match="linked -> /home/user/linked"):
        provider(SandboxKind.NONE)(other, LinkingShell(other), ("npm link",))


def test_products_are_what_setup_made_links_within_the_tree_included(tmp_path: Path) -> None:
    root, products = tmp_path / "tree", tmp_path / "products"
    (root / "node_modules/x").mkdir(parents=True)
    (root / "a.py").write_text("")
    before = files_in(root, ("node_modules",))
    assert before == {"a.py"}
    (root / "build").mkdir()
    (root / "build/ext.so").write_text("elf")
    (root / "node_modules/x/new").write_text("")
    (root / "__pycache__").mkdir()
    (root / "__pycache__/a.pyc").write_text("")
    (root / "within").symlink_to("build")
    (root / "out").symlink_to("/etc")
    made = files_in(root, ("node_modules",)) - before
    assert keep_products(root, made, products) == ""
    kept = sorted(
        path.relative_to(products).as_posix() for path in products.rglob("*") if not path.is_dir() or path.is_symlink()
    )
    assert kept == ["build/ext.so", "within"]


def test_no_python_that_fits_pauses_with_the_mend(paths: LanePaths) -> None:
    (paths.root / "pyproject.toml").write_text("[project]\nname='x'\nrequires-python = '>=3.99'\n")
    with pytest.raises(PausedError, match=r">=3\.99") as paused:
        provider()(paths, SmallShell(paths), None)
    assert paused.value.slug == "environment-python"


def test_the_packages_a_gate_imports_from_are_named(tmp_path: Path) -> None:
    """Without setup: those of the python on the path (here this test's own)."""

    class Where:
        def which(self, program: str) -> str | None:
            return sys.executable if program == "python" else None

    active = Active(lock_hash="0" * 64, digest="d", notes=(), finished=True)
    found = packages_of(LanePaths.at(tmp_path), cast("Shell", Where()), active)
    assert Path(pytest.__file__).parent.parent in found


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (
            """npm warn Unknown user config "x".
npm error code ETARGET
npm error notarget No matching version for a@1.
npm error notarget In most cases you or one of your
npm error A complete log of this run""",
            "npm error notarget No matching version for a@1.",
        ),
        ("a\nsh: 1: pnpm: not found\n", "sh: 1: pnpm: not found"),
        (
            "Collecting x\nERROR: Could not find a version of x\nERROR: No matching distribution",
            "ERROR: Could not find a version of x\nERROR: No matching distribution",
        ),
        ("one\ntwo\n", "one\ntwo"),
    ],
)
def test_a_failed_setup_names_its_fault_before_everything_else(output: str, said: str) -> None:
    assert fault_lines(output) == said
