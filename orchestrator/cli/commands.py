"""The commands there are: what each does, an example, its flags. A table, so that ``--help`` costs no import.

A command's work is ``run(args) -> int`` in a module of its own, imported when it is chosen.
"""

from __future__ import annotations

from orchestrator.cli.commands_figures import budget, metrics, registry
from orchestrator.cli.commands_start import completion, doctor, init, pilot
from orchestrator.cli.flags import as_json as _json
from orchestrator.cli.flags import cap, whole
from orchestrator.cli.flags import settings as _settings
from orchestrator.cli.flags import state as _state

TYPE_CHECKING = False  # as typing's, without importing typing
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable
    from typing import NoReturn


class Command:
    """One row of the table."""

    __slots__ = ("declare", "does", "example", "module", "usage")

    def __init__(
        self, usage: str, does: str, example: str, declare: Callable[[ArgumentParser], None], module: str = ""
    ) -> None:
        self.usage = usage
        """The command's operands, as in ``--help``."""
        self.does = does
        self.example = example
        self.declare = declare
        self.module = module
        """Module of ``orchestrator.cli`` that holds ``run``; default: the command's name."""


def _session(parser: ArgumentParser, *, models: str | None) -> None:
    """Flags of a session: of run and of resume, which goes on with the run's own models unless told otherwise."""
    parser.add_argument("--workers", metavar="N", type=whole(1), help="tasks worked on at once (default 1)")
    parser.add_argument("--models", metavar="live|replay:DIR", default=models, help="where answers come from")
    parser.add_argument("--max-tokens", metavar="N", type=cap, help="the run's cap on tokens; none lifts it")
    parser.add_argument("--max-cost", metavar="USD", type=cap, help="the run's cap on cost; none lifts it")
    parser.add_argument("--observe", action="store_true", help="budgets record and do not stop; the caps still hold")
    parser.add_argument("--sandbox", choices=("auto", "bwrap", "none"), help="how gate commands are confined")
    parser.add_argument("--strict", action="store_true", help="replay: a prompt that differs from the record fails")
    parser.add_argument("--no-input", action="store_true", help="never ask")
    _state(parser)
    _settings(parser)
    _json(parser, "events as JSON lines on stdout")


def _run(parser: ArgumentParser) -> None:
    parser.add_argument("tasks", metavar="TASKS.yaml", help="the tasks file")
    parser.add_argument("--only", metavar="ID", action="append", default=[], help="this task alone; repeatable")
    parser.add_argument("--engine", choices=("local",), default="local", help="where tasks are worked on")
    _session(parser, models="live")


def _resume(parser: ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", nargs="?", help="the run's name (default: the newest unfinished)")
    parser.add_argument("--task", metavar="ID", help="answer the escalation of this task")
    parser.add_argument("--hint", metavar="TEXT", help="what the task should be told")
    parser.add_argument("--from-pr", metavar="N", type=whole(1), help="a run that answers the comments on request N")
    parser.add_argument("--remote", default="origin", metavar="NAME", help="with --from-pr: where (default: origin)")
    parser.add_argument("--now", action="store_true", help="do not wait for a provider that is away: ask it at once")
    _session(parser, models=None)


def _plan(parser: ArgumentParser) -> None:
    parser.add_argument("tasks", metavar="TASKS.yaml", help="the tasks file")
    parser.add_argument("--only", metavar="ID", action="append", default=[], help="this task alone; repeatable")
    parser.add_argument("--strict", action="store_true", help="refuse a file that is not ready for a night (exit 2)")
    _state(parser)
    _settings(parser)
    _json(parser, "the plan as one JSON object")


def _named_run(parser: ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", nargs="?", help="the run's name (default: the newest)")
    _state(parser)


def _status(parser: ArgumentParser) -> None:
    _named_run(parser)
    parser.add_argument("--line", action="store_true", help="one line, for a shell's prompt; silent without a run")
    _json(parser, "the state as one JSON object")


def _watch(parser: ArgumentParser) -> None:
    _named_run(parser)
    _json(parser, "events as JSON lines")


def _report(parser: ArgumentParser) -> None:
    _named_run(parser)
    parser.add_argument("--open", action="store_true", help="open report.html in the browser")
    parser.add_argument("--profile", action="store_true", help="print where time and tokens went, by agent")
    _json(parser, "summary.json on stdout")


def _land(parser: ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", nargs="*", help="delivered tasks; dependencies land first")
    parser.add_argument("--all", action="store_true", help="every delivered task of the run")
    parser.add_argument("--run", metavar="RUN", help="the run's name (default: the newest)")
    parser.add_argument("--plan", action="store_true", help="show order and conflicts; changes nothing")
    parser.add_argument("--gate", action="store_true", help="with --plan: gate the whole set; bisect where it is red")
    parser.add_argument("--undo", action="store_true", help="take the last landing back")
    parser.add_argument("--pr", action="store_true", help="open pull requests instead, by gh or glab; merges nothing")
    parser.add_argument("--remote", default="origin", metavar="NAME", help="with --pr: where to (default: origin)")
    parser.add_argument("--strategy", choices=("merge", "squash"), default="merge", help="default: merge")
    parser.add_argument("--sandbox", choices=("auto", "bwrap", "none"), help="how gate commands are confined")
    _state(parser)
    _settings(parser)
    _json(parser, "what happened, or the plan, as one JSON object")


def _gate(parser: ArgumentParser) -> None:
    parser.description = (
        "Runs the gate on a copy of the checkout as it stands, uncommitted work and all: failures with their "
        "category. Commands come from tasks.yaml and orchestrate.yaml of this folder, else they are detected."
    )
    parser.add_argument("--fix", action="store_true", help="write the fixes that need no model to your files")
    parser.add_argument("--selftest", action="store_true", help="plant defects into a copy: is each stopped?")
    parser.add_argument("--tasks", metavar="TASKS.yaml", help="the gate of this tasks file (default: tasks.yaml here)")
    parser.add_argument("--sandbox", choices=("auto", "bwrap", "none"), help="how gate commands are confined")
    _settings(parser)
    _json(parser, "the report as one JSON object")


def _classify(parser: ArgumentParser) -> None:
    parser.description = (
        "Reads cases on standard input, one JSON object a line (id, stage, command, exit_code, stdout, stderr; where "
        "known gate_timed_out, diff, files_changed, repo, rerun_stdout, rerun_exit_code), and prints "
        '{"id", "category", "failures"} a line. Patterns of your own, failures.patterns in this folder\'s '
        "orchestrate.yaml or your own settings, are asked as well."
    )
    _settings(parser)


def _config(parser: ArgumentParser) -> None:
    parser.add_argument("action", metavar="show", choices=("show",), help="every value and where it came from")
    parser.add_argument("--tasks", metavar="TASKS.yaml", help="as in force for this tasks file (default: this folder)")
    _settings(parser)
    _json(parser, "values and sources as one JSON object")


def _schema(parser: ArgumentParser) -> None:
    parser.add_argument("file", choices=("tasks", "orchestrate"), nargs="?", default="tasks", help="whose schema")


COMMANDS: dict[str, Command] = {
    "init": Command("[FOLDER]", "look at a repository, try its gate, write the first files", "init", init),
    "doctor": Command("[TASKS]", "rehearse a night: GO, or why not", "doctor tasks.yaml --until 07:00", doctor),
    "run": Command("TASKS.yaml", "work through the tasks, each to a branch of its own", "run tasks.yaml", _run),
    "plan": Command("TASKS.yaml", "order, limits, budgets, expected cost; calls no model", "plan tasks.yaml", _plan),
    "resume": Command("[RUN]", "go on with an unfinished run", "resume --task fix-offset --hint 'keep ISO'", _resume),
    "status": Command("[RUN]", "where a run stands", "status", _status),
    "watch": Command("[RUN]", "follow a run live, from any terminal", "watch", _watch),
    "report": Command("[RUN]", "write report.md, report.html, summary.json again", "report --open", _report),
    "land": Command("TASK...", "merge delivered branches, each merge gated; --undo", "land --all", _land),
    "gate": Command("[--fix]", "run the gate by hand; --fix mends; --selftest tries it", "gate --fix", _gate),
    "metrics": Command("ACTION", "what the event log says: times, rework, models", "metrics summary", metrics),
    "budget": Command("ACTION", "how budgets fit; past runs under others; dispute a stop", "budget show", budget),
    "registry": Command(
        "ACTION", "the calibration registry: what tasks are expected to use", "registry show", registry
    ),
    "classify": Command("", "sort gate output into categories, as JSON lines", "classify < cases.jsonl", _classify),
    "config": Command("show", "every effective setting and where it came from", "config show", _config, "config_show"),
    "schema": Command("[FILE]", "JSON Schema of tasks.yaml or orchestrate.yaml", "schema > tasks.schema.json", _schema),
    "completion": Command("SHELL", "completion for bash, zsh, fish", "completion bash", completion),
    "pilot": Command("", "the bundled pilot with recorded answers; no keys", "pilot", pilot),
}
"""In the order of ``--help``."""


def overview() -> str:
    """The help of ``orchestrate`` itself: fits a screen of 80 by 24."""
    rows = "\n".join(f"  {f'{name} {command.usage}':<16} {command.does}" for name, command in COMMANDS.items())
    return (
        "usage: orchestrate COMMAND [...]    (orchestrate COMMAND --help tells its flags)\n"
        "Runs a backlog of coding tasks to finished, gated branches in your repository.\n\n"
        f"{rows}\n"
        "example: orchestrate plan tasks.yaml && orchestrate run tasks.yaml --max-cost 20\n"
        "exit codes: 0 all delivered, 1 some not, 2 wrong use, 3 our fault, 4 provider,\n"
        "            5 paused, 6 refused to start, 7 damaged journal, 130/143 signals"
    )


def parser(name: str) -> ArgumentParser:
    """The parser of one command."""
    from argparse import ArgumentParser, HelpFormatter

    class Formatter(HelpFormatter):
        """Wraps what a command does; its example stays a line to copy."""

        def _fill_text(self, text: str, width: int, indent: str) -> str:
            return text if text.startswith("example:") else super()._fill_text(text, width, indent)

    class Parser(ArgumentParser):
        """Says what is wrong the way every error is said."""

        def error(self, message: str) -> NoReturn:
            from orchestrator.cli.door import wrong_use

            raise SystemExit(wrong_use(self.prog, message, self._option_string_actions))

    command = COMMANDS[name]
    made = Parser(
        prog=f"orchestrate {name}",
        description=command.does[0].upper() + command.does[1:] + ".",
        epilog=f"example:\n  orchestrate {command.example}",
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    command.declare(made)
    return made


def parse(name: str, argv: list[str]) -> Namespace:
    """The arguments of one command; ``SystemExit`` on wrong use."""
    return parser(name).parse_args(argv)


def run(name: str, argv: list[str]) -> int:
    """Parse the arguments, import the command, run it."""
    from importlib import import_module

    from orchestrator.loading import Loading

    arguments = parse(name, argv)
    with Loading():
        module = import_module(f"orchestrator.cli.{COMMANDS[name].module or name}")
    return int(module.run(arguments))
