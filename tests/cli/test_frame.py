"""The command line's frame: help, wrong use, the one door for errors, and how little it imports."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.cli import commands, door, main
from orchestrator.cli.options import sets_of
from orchestrator.domain.errors import ExitCode, PausedError, UsageError

HEAVY = ("anthropic", "google", "openai", "httpx2", "pydantic", "git", "rich", "yaml", "jinja2", "structlog", "psutil")
TASKS = "tasks:\n  - {id: a, title: 'New export'}\n  - {id: b, title: t, depends_on: [a], budget: {build: 10}}\n"


def started(*arguments: str, code: str = "", stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code] if code else [sys.executable, "-m", "orchestrator", *arguments]
    return subprocess.run(command, capture_output=True, text=True, input=stdin, check=False, timeout=60)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["run", "--help"], ["schema", "--help"], ["nonsense"]]
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        f"import sys\nfrom orchestrator.cli import main\ncode = main({arguments!r})\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], len(sys.modules), file=sys.stderr)\n"
    )
    assert started(code=code).stderr.splitlines()[-1].startswith("[]")


def test_help_fits_a_screen_and_names_every_command() -> None:
    lines = commands.overview().splitlines()
    assert len(lines) <= 24
    assert max(len(line) for line in lines) <= 80
    assert all(any(line.startswith(f"  {name} ") for line in lines) for name in commands.COMMANDS)


@pytest.mark.parametrize("name", list(commands.COMMANDS))
def test_every_commands_help_has_an_example_that_parses(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["help", name]) == 0
    asked = capsys.readouterr().out
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert text == asked
    assert max(map(len, text.splitlines())) <= 80
    assert f"example:\n  orchestrate {name}" in text
    example = commands.COMMANDS[name].example.split(" < ")[0].split(" > ")[0].replace("'keep ISO'", "x").split()
    commands.parse(name, example[1:])


@pytest.mark.parametrize("name", ["metrics", "budget"])
def test_every_actions_help_has_an_example_that_parses(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    actions = re.findall(r"^ {4}(\w+) ", capsys.readouterr().out, re.MULTILINE)
    assert len(actions) >= 3
    for action in actions:
        assert main([name, action, "--help"]) == 0
        (example,) = re.findall(r"^example: orchestrate (.*)", capsys.readouterr().out, re.MULTILINE)
        commands.parse(name, shlex.split(example)[1:])


@pytest.mark.parametrize("name", list(commands.COMMANDS))
def test_every_command_that_is_offered_exists(name: str) -> None:
    """What is not built yet is not offered."""
    module = commands.COMMANDS[name].module or name
    assert (Path(commands.__file__).parent / f"{module}.py").is_file()


def test_the_flags_of_run_are_the_contracts() -> None:
    line = (
        "tasks.yaml --only a --only b --workers 2 --engine local --models replay:calls --max-tokens 5 --max-cost 1.5 "
        "--observe --sandbox none --strict --state runs --set loop.redesigns=2 --json --no-input"
    )
    args = commands.parse("run", line.split())
    assert (args.tasks, args.only, args.engine, args.models) == ("tasks.yaml", ["a", "b"], "local", "replay:calls")
    assert (args.strict, args.state, args.json, args.no_input) == (True, "runs", True, True)
    assert sets_of(args) == [
        "loop.redesigns=2",
        "loop.lanes=2",
        "caps.max_tokens=5",
        "caps.max_cost_usd=1.5",
        "sandbox=none",
        "budgets.mode=observe",
    ]
    assert sets_of(commands.parse("run", ["t", "--max-cost", "none"])) == ["caps.max_cost_usd=null"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "usage: orchestrate"),
        (["rum"], "did you mean `orchestrate run`?"),
        (["\x1b[31m"], "there is no command"),
        (["run"], "error[usage]: orchestrate run: the following arguments are required"),
        (["run", "t", "--engine", "cloud"], "invalid choice"),
        (["run", "t", "--onl", "x"], "unrecognized arguments"),
        (["run", "t", "--workers", "0"], "--workers: a whole number from 1 on expected, found '0'"),
        (["run", "t", "--max-cost", "x"], "--max-cost: a number above 0 expected, or none to lift the cap; found 'x'"),
        (["resume", "--from-pr", "x"], "--from-pr: a whole number from 1 on expected"),
        (["run", "t", "--worker", "2"], "unrecognized arguments: --worker 2\nhint: did you mean --workers?"),
        (["plan", "t", "--onyl=x"], "hint: did you mean --only?"),
        (["registry", "get"], "hint: orchestrate registry get calibrated_defaults.usable_budget"),
        (["plan", "none.yaml"], "error[no-file]: none.yaml does not exist\nhint: check the path"),
    ],
)
def test_wrong_use_ends_with_2_and_the_mend(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert words in captured.err
    assert "\x1b" not in captured.err


def test_errors_leave_with_their_own_code_and_all_their_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.tell(PausedError("the quota is used up", hint="resume tomorrow")) == ExitCode.PAUSED
    assert capsys.readouterr().err == "error[paused]: the quota is used up\nhint: resume tomorrow\n"
    assert door.tell(UsageError("two faults", faults=("a:1:1: x", "a:2:1: y"))) == ExitCode.USAGE
    assert capsys.readouterr().err.splitlines()[:2] == ["a:1:1: x", "a:2:1: y"]


def test_a_fault_of_our_own_leaves_a_log_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-very-secret")
    monkeypatch.setattr(commands, "run", lambda *_: int("AIza-very-secret"))  # a fault in the middle of a command
    assert main(["plan", "tasks.yaml"]) == ExitCode.INTERNAL
    told = capsys.readouterr().err
    (log,) = (tmp_path / "orchestrator" / "logs").iterdir()
    assert str(log) in told
    assert log.stat().st_mode & 0o077 == 0
    for text in (told, log.read_text()):
        assert "very-secret" not in text
        assert "[hidden:GEMINI_API_KEY#" in text
    assert "Traceback" in log.read_text()
    assert "Traceback" not in told


def test_a_reader_that_went_away_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "tasks.yaml").write_text(TASKS)
    shell = f"{sys.executable} -m orchestrator schema 2>{tmp_path}/err | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.strip() in ("141", "0")
    assert (tmp_path / "err").read_text() == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")  # noqa: PTH110
def test_a_full_disk_on_stdout_is_said(tmp_path: Path) -> None:
    shell = f"XDG_CACHE_HOME={tmp_path} {sys.executable} -m orchestrator schema > /dev/full"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 5
    assert "error[machine-exhausted]" in done.stderr
    assert "No space left" in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_keyboard_interrupt_ends_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "run", interrupted)
    assert main(["plan", "tasks.yaml"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_schema_is_json_and_nothing_else() -> None:
    done = started("schema", "orchestrate")
    assert json.loads(done.stdout)["title"] == "orchestrate.yaml"
    assert done.stderr == ""


def test_plan_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    (tmp_path / "tasks.yaml").write_text(TASKS)
    assert main(["plan", str(tmp_path / "tasks.yaml"), "--json", "--set", "caps.max_tokens=200000"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert [task["id"] for task in plan["tasks"]] == ["a", "b"]
    first, second = plan["tasks"]
    assert (first["complexity"], first["why"], first["iteration_limit"]) == ("simple", ['"new" +3'], 3)
    assert (second["chain"], second["budget"]["build"]) == (
        "a",
        {"tokens": 10, "latency_s": 480, "how": "set by the task"},
    )
    assert "one passage takes" in second["warnings"][0]
    assert plan["does_not_fit"] == ["b"]
    done = plan["done"]
    assert (done["lanes"], done["learnt_from"]) == (1, 0)
    assert 0 < done["p50"]["seconds"] < done["p90"]["seconds"]
    assert done["p50"]["at"] < done["p90"]["at"]
    assert (
        0 < plan["total"]["low"]["cost_usd"] < plan["total"]["likely"]["cost_usd"] < plan["total"]["high"]["cost_usd"]
    )


def test_plan_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    (tmp_path / "tasks.yaml").write_text(TASKS)
    sets = ["--set", "budgets.estimate.flag_hours=0.1", "--set", "caps.max_cost_usd=0.1"]
    assert main(["plan", str(tmp_path / "tasks.yaml"), *sets]) == 0
    text = capsys.readouterr().out
    assert "2 tasks in 1 chain, from the checked-out commit" in text
    assert "caps of the run   5,000,000 tokens, $0.10" in text, "on by default"
    assert 'simple ("new" +3), medium importance, at most 3 iterations' in text
    assert "more than 0.1; split it into a chain of" in text
    assert "does not fit      a, b: raise --max-tokens or --max-cost" in text
    assert "1 lane, reckoned from the configured figures: too few tasks were worked on to learn times from" in text


def test_plan_with_a_model_without_a_price_says_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    (tmp_path / "tasks.yaml").write_text(TASKS)
    sets = ["--set", "models.roles.executor={provider: local, model: qwen}"]
    assert main(["plan", str(tmp_path / "tasks.yaml"), "--json", *sets]) == 0
    assert json.loads(capsys.readouterr().out)["total"]["likely"]["cost_usd"] is None
    priced = ["--set", "models.prices.qwen={input: 0, output: 0}"]
    assert main(["plan", str(tmp_path / "tasks.yaml"), "--json", *sets, *priced]) == 0
    assert json.loads(capsys.readouterr().out)["total"]["likely"]["cost_usd"] > 0


def test_config_show_names_sources_and_shows_no_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-very-secret")
    monkeypatch.setenv("ORCHESTRATE_LOOP__LANES", "2")
    Path("orchestrate.yaml").write_text("base: main\nautofix: {strict: true}\n")
    sets = ["--set", "models.providers.local.base_url=http://me:pw@host/?k=sk-ant-very-secret"]
    assert main(["config", "show", *sets]) == 0
    text = capsys.readouterr().out
    assert "loop.lanes = 2  # environment ORCHESTRATE_LOOP__LANES" in text
    assert "autofix.strict = true  # orchestrate.yaml:2" in text
    assert "very-secret" not in text
    assert "me:pw" not in text
    assert main(["config", "show", "--json", *sets]) == 0
    values = json.loads(capsys.readouterr().out)["values"]
    assert values["loop.lanes"] == {"value": 2, "source": "environment ORCHESTRATE_LOOP__LANES"}
    assert "very-secret" not in json.dumps(values)
