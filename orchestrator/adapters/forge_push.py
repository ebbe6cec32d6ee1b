"""A finished branch sent to a remote, because the user asked for it by name (``land --pr``).

Everything that could run is the user's own: credential helpers, ssh and rewritten addresses as their own configuration,
not the repository's, has them. Hooks stay off; ``ext::`` and the like stay forbidden; nothing is forced.
"""

from __future__ import annotations

import os
from pathlib import Path

from orchestrator.adapters.git import TRANSFER_TIMEOUT_S, Git
from orchestrator.adapters.git_config import entries_of
from orchestrator.domain.errors import GitError, UsageError

_SCOPES = frozenset({"system", "global", "command"})
_PROTOCOLS = ("https", "http", "ssh", "file")
_PASSED = ("SSH_AUTH_SOCK", "XDG_CONFIG_HOME", "GH_TOKEN", "GITHUB_TOKEN", "GITLAB_TOKEN", "HTTPS_PROXY", "NO_PROXY")
_BATCH = "ssh -oBatchMode=yes"
"""Never asks; a passphrase belongs to an agent."""


def remote_address(repository: Path, remote: str) -> str:
    """Where the remote is. ``UsageError`` where there is none of that name."""
    found = Git(directory=repository).attempt("config", "--get", f"remote.{remote}.url")
    if found.exit_code != 0:
        raise UsageError(
            f"{repository} has no remote {remote!r}", hint="git remote -v shows them: --remote NAME", slug="no-remote"
        )
    return os.fsdecode(found.stdout).strip()


def push(repository: Path, address: str, commit: str, branch: str) -> None:
    """Bring ``refs/heads/<branch>`` there to the commit. ``GitError`` where the remote refuses, nothing is forced."""
    users = Git(directory=repository, user_config=True).run("config", "--list", "-z", "--show-scope", "--includes")
    own = [(key, value) for scope, key, value in entries_of(users) if scope in _SCOPES]
    helpers = [(key, value) for key, value in own if key.startswith(("credential.", "url."))]
    ssh = next((value for key, value in reversed(own) if key == "core.sshcommand"), _BATCH)
    variables = {name: os.environ[name] for name in _PASSED if name in os.environ}
    variables |= {"GIT_ALLOW_PROTOCOL": ":".join(_PROTOCOLS), "GIT_SSH_COMMAND": ssh}
    allowed = [(f"protocol.{name}.allow", "always") for name in _PROTOCOLS]
    git = Git(directory=repository, timeout_s=TRANSFER_TIMEOUT_S).configured(*allowed, *helpers, **variables)
    words = ("push", "--quiet", "--no-verify", "--receive-pack=git-receive-pack", "--end-of-options", address)
    done = git.attempt(*words, f"{commit}:refs/heads/{branch}")
    if done.exit_code != 0:
        said = " ".join(done.stderr.split())[-500:]
        raise GitError(
            f"{address} did not take {branch}: {said}", hint=f"try it by hand: git push {address} {branch}", slug="push"
        )
