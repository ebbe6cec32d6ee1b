"""A model that works through a coding CLI: one shell command after another with the CLI's own tool, then a last word.

Which of its commands is next is told by the conversation alone, so that a CLI that is started anew begins anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestrator.domain.call import ToolCall, Usage
from tests.fakes.loopback_script import USED, Reply, SeenRequest

_RESULTS = frozenset({"function_call_output", "custom_tool_call_output", "local_shell_call_output"})
"""Items of the Responses protocol that answer a call."""


def working(seen: SeenRequest, commands: Sequence[str], last: str, *, usage: Usage = USED) -> Reply:
    """The next of ``commands``, or ``last`` once all have been run; a plain word where no shell is offered."""
    tool = _shell(seen)
    done = results(seen)
    if tool is None or done >= len(commands):
        return Reply(text=last if tool is not None else "ok", usage=usage)
    call = ToolCall(id=f"call_{done + 1}", name=tool, arguments=_arguments(tool, commands[done]))
    return Reply(tool_calls=(call,), usage=usage)


def results(seen: SeenRequest) -> int:
    """Results of commands that the conversation holds so far."""
    if seen.protocol == "responses":
        return sum(item.get("type") in _RESULTS for item in seen.body.get("input", ()))
    blocks = (block for message in seen.body.get("messages", ()) for block in _blocks(message))
    return sum(block.get("type") == "tool_result" for block in blocks)


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message.get("content")
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def _shell(seen: SeenRequest) -> str | None:
    """The name of the tool that runs a command, as this CLI calls it."""
    names = {str(tool.get("name", "")) for tool in _tools(seen)}
    return next((name for name in ("Bash", "exec_command", "shell_command", "shell", "exec") if name in names), None)


def _tools(seen: SeenRequest) -> Iterator[Mapping[str, Any]]:
    """Those that are offered; Codex offers some models its tools inside the conversation, in groups."""
    yield from seen.body.get("tools") or ()
    for item in seen.body.get("input", ()) if seen.protocol == "responses" else ():
        for group in item.get("tools", ()) if item.get("type") == "additional_tools" else ():
            yield from group.get("tools", (group,))


def _arguments(tool: str, line: str) -> dict[str, Any]:
    if tool == "Bash":
        return {"command": line, "description": "Next step"}
    if tool == "exec":  # it takes a program, in JavaScript, that calls the other tools
        return {"_text": f"text(await tools.exec_command({json.dumps({'cmd': line})}));"}
    if tool == "exec_command":
        return {"cmd": line}
    return {"command": line if tool == "shell_command" else ["bash", "-c", line]}
