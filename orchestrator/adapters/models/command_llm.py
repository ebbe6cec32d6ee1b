"""An executor that is a program: any coding CLI, run on a disposable copy of the tree; what it changed is its answer.

The changes are written down in the answer format of the contract, so that edit rules, record and replay are the same
as for a model. Only the total deadline applies: a program has no first byte. Tokens and cost are known where its output
is of a form that tells them (:mod:`.command_output`), and what went wrong is named by the same faults as a model's;
else tokens are unknown, and a price a call is the price list's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrator.adapters.models.command_output import Reader, Said, fault_in, plain
from orchestrator.adapters.models.tree_changes import Snapshot, describe, snapshot
from orchestrator.adapters.sandbox_tools import programs_in
from orchestrator.domain.call import Answer, Deadlines, FinishReason, Message, Request, Speaker
from orchestrator.domain.errors import ModelError, ModelFault

_NOT_FOUND = 127
_TAIL = 2000
_BY_HAND = "run the command by hand with the same prompt"
_MAYBE_BILLED = frozenset({ModelFault.TIMEOUT, ModelFault.INCOMPLETE, ModelFault.UNKNOWN})
"""An answer may have been on its way: what the program counted up to then is not all."""
_HINTS = {
    ModelFault.AUTHENTICATION: "set a valid key in a variable that models.providers.{provider}.pass_env names",
    ModelFault.QUOTA: "look into the provider's console; then: orchestrate resume",
    ModelFault.NOT_FOUND: "check the model under models.providers.{provider}.tiers",
    ModelFault.CONNECTION: "can the command reach its provider? proxies come by pass_env",
}
_SHELLS_OWN = frozenset(
    {".", ":", "[", "alias", "case", "cd", "echo", "eval", "export", "false", "for", "printf", "pwd", "read", "set"}
    | {"shift", "test", "trap", "true", "ulimit", "umask", "unset", "until", "wait"}
)
"""Words that begin a command and are no program to look for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRun:
    """What the program did. Output has head and tail kept."""

    exit_code: int
    """As the shell sees it; 127 command not found; -1 where it was ended by its time limit."""
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool = False


class CommandRunner(Protocol):
    """Runs the configured command line in a tree, under its own sandbox profile, the prompt on its standard input."""

    def __call__(self, prompt: str, tree: Path, timeout_s: float, model: str) -> CommandRun:
        """Returns within ``timeout_s`` and a grace; every process ended. Never raises for what the command does.

        The line finds ``model`` in ``$ORCHESTRATE_MODEL``.
        """


Workbench = Callable[[Request], AbstractContextManager[Path]]
"""A disposable copy of the tree that the request is about, without its ``.git``; gone when the context ends."""

Kept = Callable[[Path, Sequence[str]], Sequence[str]]
"""Of new paths in a tree, those that count: the ones the repository does not ignore."""


class CommandLlm:
    """Implements :class:`orchestrator.ports.Llm`.

    ``keep`` leaves out new files the repository ignores; without it all but the usual caches count. ``hide`` takes out
    of a text what no record may hold (the command's own keys, where it printed one or wrote one into a file). ``read``
    reads what it prints; ``free``: what it says it cost is charged to nobody (a subscription).
    """

    def __init__(
        self,
        *,
        run: CommandRunner,
        workbench: Workbench,
        provider: str = "command",
        command: str = "",
        keep: Kept | None = None,
        which: Callable[[str], str | None] | None = None,
        hide: Callable[[str], str] = str,
        read: Reader = plain,
        free: bool = False,
    ) -> None:
        self._run = run
        self._workbench = workbench
        self._provider = provider
        self._command = command
        self._keep = keep or (lambda _, paths: paths)
        self._which = which
        self._hide = hide
        self._read = read
        self._free = free

    def ask(self, request: Request, deadlines: Deadlines) -> Answer:
        """Run the command once; see the port. Without a change, what it printed is the answer."""
        with self._workbench(request) as tree:
            before = snapshot(tree)
            ran = self._run(prompt_text(request), tree, deadlines.total_s, request.model)
            said = self._read(ran.stdout)
            self._refuse_failure(ran, said)
            text, notes = describe(before, self._kept(tree, before, snapshot(tree)))
            return self._answer(request, ran, said, text, notes)

    def check(self, models: Sequence[str]) -> None:
        """The program is there, as far as that can be seen from its command line; ``models`` are labels only."""
        del models
        if not self._command.strip():
            hint = f"set models.providers.{self._provider}.command in ~/.config/orchestrator/config.yaml"
            raise self._error("no command is set", ModelFault.NOT_FOUND, hint, billed=False)
        programs = [name for name in programs_in(self._command) if name not in _SHELLS_OWN]
        # "$AGENT", "./agent", "~/agent" are known where the line is run; so is all that stands behind the first program
        first = next(iter(programs), "$")
        judged = not first.startswith(("$", "~", "`")) and (first.startswith("/") or "/" not in first)
        if judged and self._which is not None and self._which(first) is None:
            hint = "install it, or correct command:"
            raise self._error(f"{first}: not found", ModelFault.NOT_FOUND, hint, billed=False)

    def close(self) -> None:
        """Nothing is held open."""

    def _kept(self, tree: Path, before: Snapshot, after: Snapshot) -> Snapshot:
        new = [path for path in after if path not in before]
        kept = set(self._keep(tree, new)) if new else set()
        return {path: content for path, content in after.items() if path in before or path in kept}

    def _answer(self, request: Request, ran: CommandRun, said: Said, text: str, notes: Sequence[str]) -> Answer:
        return Answer(
            text=self._hide(text or said.words),
            reason=FinishReason.LENGTH if said.cut else FinishReason.END,
            detail="; ".join(notes),
            usage=said.usage,
            cost_usd=None if self._free else said.cost_usd,
            model=said.model or request.model,
            raw={
                "origin": "command",
                "exit_code": ran.exit_code,
                "stdout": self._hide(ran.stdout),
                "stderr": self._hide(ran.stderr),
                "not_carried": list(notes),
            },
            seconds=ran.seconds,
        )

    def _refuse_failure(self, ran: CommandRun, said: Said) -> None:
        """Raise what stands in the way of an answer. What ran may have spent, unless it says itself that it did not."""
        tail = self._hide(ran.stderr.strip() or said.words.strip())[-_TAIL:]
        if ran.timed_out:
            raise self._error(f"not finished in time: {tail}", ModelFault.TIMEOUT, "raise models.deadlines.total_s")
        if ran.exit_code == _NOT_FOUND:
            raise self._error(
                f"not found: {tail}", ModelFault.NOT_FOUND, "install it, or correct command:", billed=False
            )
        if said.failed:
            why = self._hide(" ".join(said.failed.split()))[:_TAIL]
            fault, status = fault_in(why, said.status)
            unspent = said.unspent and fault not in _MAYBE_BILLED
            raise self._error(why, fault, _HINTS.get(fault, _BY_HAND), billed=not unspent, status=status)
        if ran.exit_code != 0 and not said.cut:
            raise self._error(f"exit code {ran.exit_code}: {tail}", ModelFault.UNKNOWN, _BY_HAND)

    def _error(self, what: str, fault: ModelFault, hint: str, *, billed: bool = True, status: int = 0) -> ModelError:
        return ModelError(
            f"{self._provider}: {what}",
            fault=fault,
            provider=self._provider,
            status=status,
            billed=billed,
            hint=hint.format(provider=self._provider),
        )


def prompt_text(request: Request) -> str:
    """The whole conversation as one text for standard input."""
    parts = [request.system, *(_said(message) for message in request.messages)]
    return "\n\n".join(part.rstrip("\n") for part in parts if part.strip()) + "\n"


def _said(message: Message) -> str:
    if message.speaker is Speaker.MODEL:
        return f"You answered before:\n\n{message.text}" if message.text else ""
    results = [f"{result.name}:\n{result.content}" for result in message.tool_results]
    return "\n\n".join([*results, message.text] if message.text else results)
