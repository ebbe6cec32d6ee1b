"""A JavaScript error's class and message, read into a kind (V8 of Node 18-24, and the loaders' own messages)."""

from __future__ import annotations

import re

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import LINE_CAP

_NOT_DEFINED = re.compile(r"^([A-Za-z_$][\w$]{0,200}) is not defined$")
_NOT_CALLABLE = re.compile(r"^(.{1,300}?) is not a (function|constructor)\b")
_NULL = re.compile(
    r"^Cannot (?:read|set) propert(?:y|ies) (?:'([^']{1,200})' )?of (?:undefined|null)(?: \((?:reading"
    r"|setting) '([^']{1,200})'\))?"
)
_DESTRUCTURED = re.compile(r"^Cannot destructure property '([^']{1,200})' of '.{1,300}' as it is (?:undefined|null)")
_MODULE = (
    re.compile(
        r"Cannot find (?:module|package|dependency) '([^']{1,300})'(?: (?:imported )?from '?([^'\n]{1,400}?)'?)?"
        r"(?:$|\.\s|\n)"
    ),
    re.compile(r"No such built-in module: (node:\S{1,200})"),
    re.compile(r"Package import specifier \"(#[^\"]{1,300})\" is not defined"),
    re.compile(r"Failed to resolve import \"([^\"]{1,300})\" from \"([^\"]{1,400})\""),
    re.compile(r"Failed to load url (\S{1,300}) \(resolved id"),
    re.compile(r"Could not resolve (?:import )?[\"']([^\"']{1,300})[\"']"),
    re.compile(r"Can't resolve '([^']{1,300})' in '([^']{1,400})'"),
)
_SUBPATH = (
    re.compile(r"Missing \"(?P<sub>[^\"]{1,300})\" specifier in \"(?P<package>[^\"]{1,300})\" package"),
    re.compile(
        r"Package subpath '(?P<sub>[^']{1,300})' is not defined by \"exports\" in "
        r"(?:.{0,400}node_modules[/\\])?(?P<package>(?:@[\w.-]+[/\\])?[\w.-]+)[/\\]package\.json"
    ),
    re.compile(
        r"\"(?P<sub>[^\"]{1,300})\" is not exported under the conditions .{0,200}from package (?P<package>\S{1,300})"
    ),
)
"""Node 18-24, vite 5-8, webpack 5: the package is there, but gives out no such path."""
_EXPORT = (
    re.compile(r"The requested module '([^']{1,300})' does not provide an export named '([^']{1,200})'"),
    re.compile(r"No \"(?P<symbol>[^\"]{1,200})\" export is defined on the \"(?P<owner>[^\"]{1,300})\" mock"),
)
_STRUCTURED = re.compile(
    r"^(?:connect|listen|getaddrinfo|bind|read|write|spawn|queryA|lookup) (E[A-Z]{3,12})\b"
    r"|^(E[A-Z]{3,12}): [a-z]|^request to \S+ failed, reason: .{0,200}?\b(E[A-Z]{3,12})\b"
)
_CODES = {
    "ECONNREFUSED": Kind.NETWORK, "ENOTFOUND": Kind.NETWORK, "EAI_AGAIN": Kind.NETWORK, "ETIMEDOUT": Kind.NETWORK,
    "ECONNRESET": Kind.NETWORK, "ENETUNREACH": Kind.NETWORK, "EHOSTUNREACH": Kind.NETWORK,
    "EADDRNOTAVAIL": Kind.NETWORK,
    "EADDRINUSE": Kind.PORT, "ENOSPC": Kind.DISK, "EDQUOT": Kind.DISK, "EACCES": Kind.PERMISSION,
    "EPERM": Kind.PERMISSION,
    "EROFS": Kind.PERMISSION, "EMFILE": Kind.RESOURCE, "ENFILE": Kind.RESOURCE, "ENOMEM": Kind.MEMORY,
    "EAGAIN": Kind.RESOURCE,
}  # fmt: skip
_BARE_ERRNO = re.compile(r"^getaddrinfo (EAI_AGAIN)\b")
_TIMEOUT = re.compile(
    r"^Test timed out in \d+ ?ms|Exceeded timeout of \d+ ?ms for a |^Timeout of \d+ms exceeded"
    r"|test timed out after \d+ ?ms|^Hook timed out in \d+"
)
_NATIVE = re.compile(
    r"NODE_MODULE_VERSION|invalid ELF header|\.node'|Cannot find module @rollup/rollup-"
    r"|@esbuild/\S+\" could not be found|wrong ELF class|ERR_DLOPEN_FAILED"
)
_WORKER_DIED = re.compile(
    r"^A (?:jest )?worker process \(pid=\d+\) (?:was terminated|has failed)|^Call retries were exceeded"
    r"|^(?:\[vitest-pool\]: )?Worker (?:\w+ emitted error|exited unexpectedly|terminated due to)|^Channel closed$"
    r"|^\[vitest-worker\]: Timeout calling"
)
"""jest-worker 27-30, vitest 1-4 (tinypool): killed from outside, or for its memory."""
_IMPORT_VARIABLE = re.compile(r"^\(\d+ , (?P<call>.+)\)$|^(?P<vite>__vi(?:te_ssr_)?import_\d+__\..+)$")
_IDENTIFIER = re.compile(r"[#A-Za-z_$][\w$]*")
_MATCHER = re.compile(r"^Invalid Chai property: (\w{1,200})(?:\. Did you mean \"(\w{1,200})\")?")
_DELIBERATE = frozenset({"Error", ""})


def read_error(tool: str, name: str, message: str) -> Finding:
    """The finding for ``name: message``, without place or test."""
    message = message[:LINE_CAP].strip()
    found = _names(tool, name, message) or _modules(tool, name, message)
    if found:
        return found
    match = _STRUCTURED.match(message) or _BARE_ERRNO.match(message)
    if match:
        code = next(group for group in match.groups() if group)
        if code in _CODES:
            return Finding(tool=tool, kind=_CODES[code], code=code, message=message)
    if name == "TypeError" and message == "fetch failed":  # undici (Node 18-24): no answer, whatever the cause says
        return Finding(tool=tool, kind=Kind.NETWORK, code=name, message=message)
    if _WORKER_DIED.match(message):
        return Finding(
            tool=tool, kind=Kind.MEMORY if "memory" in message else Kind.KILLED, code=name or None, message=message
        )
    if _TIMEOUT.search(message):
        kind = Kind.TEST_TIMEOUT
    elif name == "AssertionError" or message.startswith("expect("):
        kind = Kind.ASSERTION
    elif name == "SyntaxError":
        kind = Kind.SYNTAX
    elif name in _DELIBERATE:
        kind = Kind.RAISED
    else:
        kind = Kind.EXCEPTION
    return Finding(tool=tool, kind=kind, code=name or None, message=message)


def _names(tool: str, name: str, message: str) -> Finding | None:
    if name == "ReferenceError":
        if match := _NOT_DEFINED.match(message):
            return Finding(tool=tool, kind=Kind.UNDEFINED_NAME, code=name, message=message, symbol=match[1])
        if message.startswith("Cannot access '") and "before initialization" in message:
            return Finding(tool=tool, kind=Kind.EXCEPTION, code="TDZ", message=message, symbol=message.split("'")[1])
        return None
    if name == "TypeError":
        if match := _DESTRUCTURED.match(message):
            return Finding(tool=tool, kind=Kind.NULL_ACCESS, code=name, message=message, symbol=match[1])
        if match := _NULL.match(message):
            return Finding(tool=tool, kind=Kind.NULL_ACCESS, code=name, message=message, symbol=match[1] or match[2])
        if match := _NOT_CALLABLE.match(message):
            return _not_callable(tool, name, message, match[1])
    if match := _MATCHER.match(message):
        return Finding(
            tool=tool,
            kind=Kind.MISSING_ATTRIBUTE,
            code=name or "Error",
            message=message,
            symbol=match[1],
            owner="expect()",
            near=match[2],
        )
    return None


def _not_callable(tool: str, name: str, message: str, expression: str) -> Finding:
    imported = _IMPORT_VARIABLE.match(expression)
    path = (imported["call"] or imported["vite"]) if imported else expression
    owner, dot, symbol = path.rpartition(".")
    symbol = symbol.strip()
    if not _IDENTIFIER.fullmatch(symbol) or symbol in {"undefined", "null"}:
        return Finding(tool=tool, kind=Kind.EXCEPTION, code=name, message=message)
    if imported:
        return Finding(tool=tool, kind=Kind.MISSING_EXPORT, code=name, message=message, symbol=symbol)
    if dot:
        return Finding(
            tool=tool, kind=Kind.MISSING_ATTRIBUTE, code=name, message=message, symbol=symbol, owner=owner.strip()
        )
    return Finding(tool=tool, kind=Kind.MISSING_EXPORT, code=name, message=message, symbol=symbol)


def _modules(tool: str, name: str, message: str) -> Finding | None:
    if _NATIVE.search(message):
        return Finding(tool=tool, kind=Kind.NATIVE, code=name or None, message=message)
    for pattern in _EXPORT:
        if match := pattern.search(message):
            groups = match.groupdict()
            symbol, owner = (groups["symbol"], groups["owner"]) if groups else (match[2], match[1])
            return Finding(tool=tool, kind=Kind.MISSING_EXPORT, code=name, message=message, symbol=symbol, owner=owner)
    for pattern in _SUBPATH:
        if match := pattern.search(message):
            package = match["package"].replace("\\", "/").rsplit("node_modules/", 1)[-1]
            path = "" if match["sub"] == "undefined" else match["sub"].removeprefix(".").lstrip("/")
            return Finding(
                tool=tool, kind=Kind.MISSING_MODULE, code=name, message=message, symbol=f"{package}/{path}", exists=True
            )
    for pattern in _MODULE:
        if match := pattern.search(message):
            asked_by = match[2] if pattern.groups > 1 else None
            return Finding(
                tool=tool,
                kind=Kind.MISSING_MODULE,
                code=name or "Error",
                message=message,
                symbol=match[1],
                owner=asked_by,
            )
    return None
