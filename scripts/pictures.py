"""Makes the terminal pictures of docs/pictures: real commands in a real terminal, with recorded answers and no network.

usage: scripts/pictures [NAME...]

Each is what tmux shows of a pane, colours and all, drawn as SVG. The page's own pictures come from a browser:
ORCHESTRATE_TEST_SCREENS=docs/pictures scripts/test tests/reports/test_html_in_browser.py
"""

from __future__ import annotations

import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))

from rich._export_format import CONSOLE_SVG_FORMAT  # noqa: E402 - found beside this script
from rich.console import Console  # noqa: E402 - as above
from rich.terminal_theme import TerminalTheme  # noqa: E402 - as above
from rich.text import Text  # noqa: E402 - as above

from orchestrator.cli.pilot import prepare  # noqa: E402 - as above
from tests.cli.tmux import Terminal  # noqa: E402 - as above
from tests.fakes.loopback import Loopback, Reply  # noqa: E402 - as above

PICTURES = TOP / "docs" / "pictures"
FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
HOME = "/home/you"
"""Stands where the folder of this making stood."""
LONG_S = 600.0
TIME = "7/10 done"
"""Of the night, when the two pictures of its middle are taken."""
DONE = "ended "
"""What the terminal shows behind a command that is over."""
_COLOURS = (
    "3c4048 e06c75 7ebe6e d6aa5a 61a0e6 be82d2 56b6c2 bec3ca 6e747e f0828a 96d286 e8c074 7db6f5 d09be2 6ecad6 f0f2f5"
)
_RGB = [tuple(bytes.fromhex(colour)) for colour in _COLOURS.split()]
NIGHT = TerminalTheme((28, 30, 34), (214, 217, 222), _RGB[:8], _RGB[8:])


@dataclass(frozen=True, slots=True)
class Scene:
    """A terminal to be drawn."""

    title: str
    width: int
    height: int


SCENES = {
    "doctor": Scene("orchestrate doctor --until 07:00", 100, 48),
    "plan": Scene("orchestrate plan tasks.yaml --only report-hours --only weekly-report", 100, 48),
    "run": Scene("orchestrate run tasks.yaml", 104, 22),
    "watch": Scene("orchestrate watch, at 60 columns", 60, 22),
    "end": Scene("orchestrate run tasks.yaml", 104, 40),
}


def drawn(scene: Scene, screen: str) -> str:
    """The screen as SVG: text, no font or picture from elsewhere."""
    console = Console(record=True, width=scene.width, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    console.print(Text.from_ansi(screen.rstrip("\n")), no_wrap=True, overflow="crop", crop=True)
    shape = re.sub(r"@font-face \{.*?\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    shape = re.sub(r"@font-face\s*\{\{.*?\}\}\s*", "", shape, flags=re.DOTALL).replace("Fira Code", FONT)
    return console.export_svg(title=scene.title, theme=NIGHT, code_format=shape, unique_id="t")


def main(names: list[str]) -> int:
    """Draw those of the scenes, or all."""
    wanted = set(names or SCENES)
    if wanted - set(SCENES):
        print(f"error: no such picture: {', '.join(sorted(wanted - set(SCENES)))}", file=sys.stderr)
        return 2
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        for name, screen in screens(Path(made), wanted):
            picture = drawn(SCENES[name], screen.replace(made, HOME))
            (PICTURES / f"{name}.svg").write_text(picture, encoding="utf-8")
    return 0


def screens(folder: Path, wanted: set[str]) -> Iterator[tuple[str, str]]:
    """The wanted scenes, played in a project of ten tasks."""
    home = folder / "tally"
    tasks = prepare(home)
    with Loopback(lambda _: Reply(text="ready")) as server:
        variables = environment(folder, server)
        for name, command in {
            "doctor": ["doctor", "--until", "07:00"],
            "plan": ["plan", tasks.name, "--only", "report-hours", "--only", "weekly-report"],
        }.items():
            if name in wanted:
                with terminal(home, SCENES[name], command, variables) as shown:
                    shown.wait_for(DONE, LONG_S)
                    yield name, told(shown)
        if wanted & {"run", "watch", "end"}:
            yield from night(home, variables)


def night(home: Path, variables: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The run as it works, from its own terminal and from a second one; and its end."""
    command = ["run", "tasks.yaml", "--models", "replay:calls"]
    with terminal(home, SCENES["run"], command, variables) as shown:
        shown.wait_for(TIME, LONG_S)
        shown.wait_for("gate  ")
        with terminal(home, SCENES["watch"], ["watch"], variables) as second:
            second.wait_for(TIME)
            second.wait_for("gate  ")
            yield "watch", told(second)
            yield "run", told(shown)
        shown.resize(SCENES["end"].width, SCENES["end"].height)
        shown.wait_for("report.html", LONG_S)
        yield "end", told(shown)


@contextmanager
def terminal(home: Path, scene: Scene, command: list[str], variables: dict[str, str]) -> Iterator[Terminal]:
    """A pane of that size with the command in it."""
    argv = ["sh", "-c", f'cd "$0" && exec {sys.executable} -m orchestrator {" ".join(command)}', str(home)]
    with (
        tempfile.TemporaryDirectory() as socket,
        Terminal(Path(socket), argv, width=scene.width, height=scene.height, environ=variables) as shown,
    ):
        yield shown


def told(shown: Terminal) -> str:
    """The pane as it stands, without what the terminal adds."""
    lines = shown.text(escapes=True).rstrip().split("\n")
    return "\n".join(line for line in lines if not line.startswith(DONE))


def environment(folder: Path, server: Loopback) -> dict[str, str]:
    """A user's: a name for git, keys for a server on this machine, nothing else."""
    (folder / ".gitconfig").write_text("[user]\n\tname = You\n\temail = you@example.org\n", encoding="utf-8")
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "PYTHONPATH": str(TOP),
        "LANG": "C.UTF-8",
        "NO_PROXY": "127.0.0.1",
        "ANTHROPIC_API_KEY": "sk-not-a-key",
        "GEMINI_API_KEY": "not-a-key",
        "ANTHROPIC_BASE_URL": server.url,
        "GOOGLE_GEMINI_BASE_URL": server.url,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
