"""What loading a JavaScript or TypeScript module does besides declaring: told from its text, nothing is run."""

from __future__ import annotations

import re

_ALONE = re.compile(
    r"^(?:[A-Za-z_$][\w$]*(?:\.[\w$]+)*\s*(?:\(|\+?=[^=>])|new +\w|if\s*\(|for\s*\(|await\b|void\b|\(|@)", re.MULTILINE
)
"""A statement at the left margin that declares nothing."""
_OWN = (
    "Symbol|Object|Array|Number|String|Boolean|BigInt|Math|JSON|RegExp|Date|Intl|Buffer|Promise|parseInt|parseFloat"
    "|encodeURI(?:Component)?|structuredClone|require|import|process|path|function|async|typeof|class"
)
"""Callees of the language's own that make their value and do no more."""
_OWN_CLASSES = r"(?:Weak)?(?:Map|Set|Ref)|RegExp|Date|\w*Error|URL\w*|Text(?:En|De)coder|\w*Array|AbortController|Intl"
_MADE = (
    rf"(?:await[ \t]+)?(?:new[ \t]+(?!(?:{_OWN_CLASSES})\b)[\w$.]+"
    rf"|(?!(?:{_OWN})\b)[A-Za-z_$][\w$.]{{0,200}}(?:<[^>\n]{{0,200}}>)?\()"
)
_BOUND = re.compile(
    rf"^(?:export[ \t]+)?(?:const|let|var)[ \t]+[^=\n]{{1,300}}=(?![=>])\s*{_MADE}"
    rf"|^export[ \t]+default[ \t]+{_MADE}"
    rf"|^[ \t]+(?:(?:public|private|protected|override)[ \t]+)?static[ \t]*(?:\{{|[^=\n(]{{1,200}}=(?![=>])\s*{_MADE})"
    r"|^\}\)\(|^\}\(\)",
    re.MULTILINE,
)
"""A module-level value, or a class's static one, that a call makes, which may do more; a function run at once."""


def acts(text: str) -> bool:
    """Whether loading the module may do something that others notice. ``text``: without comments."""
    return _ALONE.search(text) is not None or _BOUND.search(text) is not None
