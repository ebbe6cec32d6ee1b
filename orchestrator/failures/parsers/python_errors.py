"""A Python exception's class and message, read into a kind (CPython 3.8-3.14 wordings, and the common libraries')."""

from __future__ import annotations

import re

from orchestrator.failures.finding import Finding, Kind
from orchestrator.failures.output import LINE_CAP

_NAME = re.compile(r"name '([^']{1,200})' is not defined(?:\. Did you (?:mean|forget to import)[^']*'([^']{1,200})')?")
_NO_MODULE = re.compile(r"No module named '?([^\s';]{1,300})'?")
_CANNOT_IMPORT = re.compile(r"cannot import name '([^']{1,200})' from (partially initialized module )?'([^']{1,300})'")
_MODULE_ATTRIBUTE = re.compile(r"(partially initialized )?module '([^']{1,300})' has no attribute '([^']{1,200})'")
_ATTRIBUTE = re.compile(r"(?:type object )?'([^']{1,300})'(?: object)? has no attribute '([^']{1,200})'")
_ATTRIBUTE_OF = re.compile(
    r"^(Mock|\w*Mock) object has no attribute '([^']{1,200})'|^'(\w{1,200})' is not a valid assertion"
    r"|^<(?:module|class) '([^']{1,300})'[^\n]{0,600}> does not have the attribute '([^']{1,200})'"
)
"""unittest.mock (3.8-3.14): a spec, an assertion it does not have, a target that is not there."""
_BARE_NAME = re.compile(r"^[A-Za-z_]\w{0,200}$")
"""``Colour.MAUVE``: an enumeration says the bare name (enum, 3.8-3.14), and so does many a ``__getattr__``."""
_ATTRIBUTE_PLAIN = re.compile(r"^([A-Za-z_][\w.]{0,200}) has no attribute '?(\w{1,200})'?$")
_KEYWORD = re.compile(r"(?<![\w.<>])([\w.<>]{1,300})\(\) got an unexpected keyword argument '([^']{1,200})'")
_KEYWORD_INIT = re.compile(r"'([^']{1,200})' is an invalid keyword argument for ([\w.]{1,200})")
_KEYWORDS = re.compile(r"Unexpected keyword arguments passed to ([\w.]{1,100}): (\w{1,100})")
"""pytest.raises and pytest.warns (5-9)."""
_NO_KEYWORDS = re.compile(r"(?<![\w.])([\w.]{1,200})\(\) takes no keyword arguments")
_ARITY = re.compile(
    r"\(\) (?:missing \d+ required|takes .{1,60} positional argument|got multiple values for)|takes (?:no"
    r"|exactly|at (?:least|most)) .{0,40}arguments?\b"
)
_ERRNO = re.compile(r"\[Errno (-?\d+)\]|\[WinError (\d+)\]")

_BY_ERRNO = {
    "28": Kind.DISK,  # ENOSPC
    "122": Kind.DISK,  # EDQUOT
    "12": Kind.MEMORY,  # ENOMEM
    "13": Kind.PERMISSION,  # EACCES
    "1": Kind.PERMISSION,  # EPERM
    "30": Kind.PERMISSION,  # EROFS
    "98": Kind.PORT,  # EADDRINUSE
    "48": Kind.PORT,  # EADDRINUSE on macOS
    "111": Kind.NETWORK,  # ECONNREFUSED
    "61": Kind.NETWORK,  # ECONNREFUSED on macOS
    "110": Kind.NETWORK,  # ETIMEDOUT
    "113": Kind.NETWORK,  # EHOSTUNREACH
    "101": Kind.NETWORK,  # ENETUNREACH
    "99": Kind.NETWORK,  # EADDRNOTAVAIL
    "104": Kind.NETWORK,  # ECONNRESET
    "103": Kind.NETWORK,  # ECONNABORTED
    "100": Kind.NETWORK,  # ENETDOWN
    "112": Kind.NETWORK,  # EHOSTDOWN
    "5": Kind.DISK,  # EIO
    "-2": Kind.NETWORK,  # EAI_NONAME
    "-3": Kind.NETWORK,  # EAI_AGAIN
    "-5": Kind.NETWORK,  # EAI_NODATA
    "24": Kind.RESOURCE,  # EMFILE
    "23": Kind.RESOURCE,  # ENFILE
    "11": Kind.RESOURCE,  # EAGAIN: no more processes
    "10061": Kind.NETWORK,  # WSAECONNREFUSED
}
_NETWORK_CLASSES = frozenset(
    {
        "gaierror", "NewConnectionError", "MaxRetryError", "NameResolutionError", "ConnectTimeoutError",
        "SSLCertVerificationError",
        "ConnectTimeout", "ReadTimeout", "ProxyError", "RemoteDisconnected", "RemoteProtocolError", "SSLEOFError",
        "EndpointConnectionError", "NoBrokersAvailable", "AMQPConnectionError", "ClientConnectorError",
        "ClientConnectorDNSError", "CannotConnectNowError", "ChunkedEncodingError",
        "NoCredentialsError", "PartialCredentialsError", "DefaultCredentialsError",
    }
)  # fmt: skip
_NETWORK_TEXT = ("Connection refused", "Name or service not known", "Temporary failure in name resolution",
"Max retries exceeded",
                 "Failed to establish a new connection", "could not connect to server", "Can't connect to",
                 "No route to host",
                 "Network is unreachable", "could not translate host name", "connection to server", "timed out",
                 "Timeout connecting to server", "Name or service", "Error while fetching server API version",
                 "All connection attempts failed")  # fmt: skip
_NETWORK_OWNERS = frozenset(
    {
        "URLError",
        "ConnectionError",
        "ConnectError",
        "OperationalError",
        "ConnectionRefusedError",
        "ClientConnectorError",
        "ServerSelectionTimeoutError",
        "APIConnectionError",
        "SSLError",
        "DockerException",
        "TimeoutError",
    }
)
_NATIVE_TEXT = (
    "cannot open shared object file", "DLL load failed", "undefined symbol", "invalid ELF header", "file too short",
    "wrong ELF class", "dynamic module does not define", "version `GLIBC", "version `CXXABI",
    "cannot enable executable", "cannot allocate memory in static TLS", "symbol not found in flat namespace",
    "incompatible architecture",
)  # fmt: skip
"""The dynamic loaders of glibc 2.3x, musl, macOS and Windows, through ``import`` and ctypes."""
_UNAVAILABLE = re.compile(r"(?:HTTP Error )?50[234]\b")
"""Gateways and services that do not answer (urllib 3.8-3.14, requests 2)."""
_CUT = {
    "AttributeError": Kind.MISSING_ATTRIBUTE,
    "ImportError": Kind.MISSING_EXPORT,
    "ModuleNotFoundError": Kind.MISSING_MODULE,
    "NameError": Kind.UNDEFINED_NAME,
}
"""What an exception tells by its class alone: ``--tb=no`` leaves a message cut at the terminal's width."""
_CUT_NAMED = re.compile(
    r"(?:^name|has no attribute|No module named|cannot import name) '([\w.]{1,200}?)(?:'|(\.\.\.)$)"
)
"""The name in such a message, whole or (ended by dots) its beginning: the change may say the rest."""
_CUT_KEYWORD = re.compile(r"\(\) got(?: a?n?| an u\w*(?: k\w*)?(?: a\w*)?(?: '\w*)?)?\.\.\.$")
"""The same of a call with a keyword that its function does not take."""
_DELIBERATE = frozenset({"Exception", "RuntimeError", "NotImplementedError", "BaseException"})


def read_exception(tool: str, name: str, message: str) -> Finding:
    """The finding for ``name: message``, without place or test. ``name`` may be dotted."""
    message = message[:LINE_CAP].strip()
    code = name.rsplit(".", 1)[-1]
    by_name = _READERS.get(code)
    if by_name and (found := by_name(tool, code, message)):
        return found
    if code == "TypeError" and _CUT_KEYWORD.search(message):
        return Finding(tool=tool, kind=Kind.UNKNOWN_KEYWORD, code=code, message=message)
    if message.endswith("...") and code in _CUT and not (code == "ImportError" and "cannot import name" not in message):
        kind = Kind.NULL_ACCESS if message.startswith("'NoneType") else _CUT[code]
        kind = Kind.CYCLE if "partially" in message else kind
        named = _CUT_NAMED.search(message)
        symbol = named[1] + (named[2] or "") if named else None
        return Finding(tool=tool, kind=kind, code=code, message=message, symbol=symbol)
    environment = _environment(code, message)
    if environment:
        return Finding(tool=tool, kind=environment, code=code, message=message)
    if code == "AssertionError":
        kind = Kind.ASSERTION
    elif code in {"SyntaxError", "IndentationError", "TabError"}:
        kind = Kind.SYNTAX
    elif code in _DELIBERATE:
        kind = Kind.RAISED
    else:
        kind = Kind.EXCEPTION
    return Finding(tool=tool, kind=kind, code=code, message=message)


def _environment(code: str, message: str) -> Kind | None:
    if code == "MemoryError":
        return Kind.MEMORY
    match = _ERRNO.search(message)
    if match and (kind := _BY_ERRNO.get(match[1] or match[2])):
        return kind
    if code in _NETWORK_CLASSES or (code in _NETWORK_OWNERS and any(text in message for text in _NETWORK_TEXT)):
        return Kind.NETWORK
    if code == "HTTPError" and _UNAVAILABLE.match(message):
        return Kind.NETWORK
    if code in {"OperationalError", "DatabaseError"}:
        if "disk is full" in message or "disk I/O error" in message:
            return Kind.DISK
        if "readonly database" in message or "unable to open database file" in message:
            return Kind.PERMISSION
    if code in {"ImportError", "OSError"} and any(text in message for text in _NATIVE_TEXT):
        return Kind.NATIVE
    if code == "RuntimeError" and message.startswith("can't start new thread"):
        return Kind.RESOURCE
    if "executable needs to be in PATH" in message or "Executable doesn't exist at" in message:
        return Kind.TOOL_MISSING  # selenium 3-4, playwright 1.4x
    if code == "Error" and message == "unsupported locale setting":
        return Kind.DEPENDENCY_MISSING
    return None


def _name_error(tool: str, code: str, message: str) -> Finding | None:
    match = _NAME.search(message)
    if not match or message.startswith("free variable"):
        return None
    return Finding(tool=tool, kind=Kind.UNDEFINED_NAME, code=code, message=message, symbol=match[1], near=match[2])


def _import_error(tool: str, code: str, message: str) -> Finding | None:
    match = _CANNOT_IMPORT.search(message)
    if match:
        cyclic = bool(match[2]) or "circular import" in message
        kind = Kind.CYCLE if cyclic else Kind.MISSING_EXPORT
        return Finding(tool=tool, kind=kind, code=code, message=message, symbol=match[1], owner=match[3])
    match = _NO_MODULE.search(message)
    if match:
        return Finding(tool=tool, kind=Kind.MISSING_MODULE, code=code, message=message, symbol=match[1])
    return None


def _attribute_error(tool: str, code: str, message: str) -> Finding | None:
    match = _MODULE_ATTRIBUTE.search(message)
    if match:
        kind = Kind.CYCLE if match[1] or "circular import" in message else Kind.MISSING_EXPORT
        return Finding(tool=tool, kind=kind, code=code, message=message, symbol=match[3], owner=match[2])
    if match := _ATTRIBUTE_OF.match(message):
        symbol, owner = match[2] or match[3] or match[5], match[1] or match[4] or "Mock"
        kind = Kind.MISSING_EXPORT if match[4] and message.startswith("<module") else Kind.MISSING_ATTRIBUTE
        return Finding(tool=tool, kind=kind, code=code, message=message, symbol=symbol, owner=owner)
    if _BARE_NAME.match(message):
        return Finding(tool=tool, kind=Kind.MISSING_ATTRIBUTE, code=code, message=message, symbol=message)
    match = _ATTRIBUTE.search(message) or _ATTRIBUTE_PLAIN.search(message)
    if not match:
        return None
    kind = Kind.NULL_ACCESS if match[1] == "NoneType" else Kind.MISSING_ATTRIBUTE
    return Finding(tool=tool, kind=kind, code=code, message=message, symbol=match[2], owner=match[1])


def _type_error(tool: str, code: str, message: str) -> Finding | None:
    match = _KEYWORD.search(message)
    if match:
        return Finding(
            tool=tool, kind=Kind.UNKNOWN_KEYWORD, code=code, message=message, symbol=match[2], owner=match[1]
        )
    match = _KEYWORD_INIT.search(message)
    if match:
        return Finding(
            tool=tool, kind=Kind.UNKNOWN_KEYWORD, code=code, message=message, symbol=match[1], owner=match[2]
        )
    if match := _KEYWORDS.search(message):
        return Finding(
            tool=tool, kind=Kind.UNKNOWN_KEYWORD, code=code, message=message, symbol=match[2], owner=match[1]
        )
    if match := _NO_KEYWORDS.search(message):
        return Finding(tool=tool, kind=Kind.UNKNOWN_KEYWORD, code=code, message=message, owner=match[1])
    if _ARITY.search(message):
        return Finding(tool=tool, kind=Kind.ARITY, code=code, message=message)
    return None


_PYTEST_WARNING = re.compile(r"Unknown (?:config option: |pytest\.mark\.)(\w{1,100})")


def _pytest_warning(tool: str, code: str, message: str) -> Finding | None:
    """pytest's own warnings made errors (5-9): a key or a marker it does not know."""
    match = _PYTEST_WARNING.search(message)
    if not match:
        return None
    return Finding(tool=tool, kind=Kind.UNKNOWN_OPTION, code=code, message=message, symbol=match[1])


_UNKNOWN_HOOK = re.compile(r"unknown hook '(\w{1,200})'")


def _plugin_error(tool: str, code: str, message: str) -> Finding | None:
    """pluggy (1): a hook that nobody specifies; invented arguments of one stand on the lines after."""
    match = _UNKNOWN_HOOK.search(message)
    if match:
        return Finding(tool=tool, kind=Kind.UNKNOWN_OPTION, code=code, message=message, symbol=match[1])
    return Finding(tool=tool, kind=Kind.RAISED, code=code, message=message)


_ENCODING = re.compile(r"unknown (?:encoding|error handler name):? '?([\w.-]{1,60})'?")


def _lookup_error(tool: str, code: str, message: str) -> Finding | None:
    """An encoding or error handler that Python does not have (3.8-3.14)."""
    match = _ENCODING.match(message)
    if not match:
        return None
    return Finding(tool=tool, kind=Kind.MISSING_ATTRIBUTE, code=code, message=message, symbol=match[1], owner="codecs")


_COVERAGE_KEY = re.compile(r"Unrecognized option '\[[\w:.]{1,60}\] ?(\w{1,100})=?'")


def _coverage_warning(tool: str, code: str, message: str) -> Finding | None:
    """coverage (5-7) with warnings made errors: a key it does not know."""
    match = _COVERAGE_KEY.search(message)
    if not match:
        return None
    return Finding(tool=tool, kind=Kind.UNKNOWN_OPTION, code=code, message=message, symbol=match[1])


_READERS = {
    "CoverageWarning": _coverage_warning,
    "ConfigError": _coverage_warning,
    "LookupError": _lookup_error,
    "PluginValidationError": _plugin_error,
    "PytestConfigWarning": _pytest_warning,
    "PytestUnknownMarkWarning": _pytest_warning,
    "NameError": _name_error,
    "ImportError": _import_error,
    "ModuleNotFoundError": _import_error,
    "AttributeError": _attribute_error,
    "TypeError": _type_error,
}
