"""Words that leave open what is wanted. English; a text in another language is simply not judged.

Deliberately few: a word stands here only where it can hardly be read as a demand that somebody could check.
"""

from __future__ import annotations

import re

_PLACEHOLDER = re.compile(
    r"\b(?:replace this|tbd|to be (?:defined|decided)|lorem ipsum|fill (?:this|me) in)\b|\?\?\?"
    r"|^\s*(?:todo|xxx)\b[\s.:!]*$",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:etc|and so on|and so forth|somehow|something like|stuff|things like that|various|as (?:needed|appropriate)"
    r"|where (?:possible|appropriate)|if (?:possible|needed)|and more|whatever)\b",
    re.IGNORECASE,
)
_UNMEASURED = re.compile(
    r"\b(?:better|nicer|cleaner|faster|quicker|user[- ]friendly|intuitive|robust(?:ly)?|properly|correctly"
    r"|efficient(?:ly)?|good|nice(?:ly)?|reasonabl[ey]|works? (?:well|fine|as expected)|looks? (?:good|nice)"
    r"|high quality)\b",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"^(?:please )?(?:improve|optimi[sz]e|refactor|clean ?up|enhance|fix|update|polish|rework|tweak|handle|make)"
    r"(?: (?:the|all|some|our|this|everything|it|code|codebase|bugs?|issues?|errors?|performance|quality|tests?|stuff"
    r"|things?|better|faster|nicer|cleaner|docs?|documentation|ui|ux)){0,4}[.!]?$",
    re.IGNORECASE,
)
_MEASURE = re.compile(r"\d|`|\"|==|->|\bthan\b|/|\(|_|\b[a-z]+[A-Z]")
"""What makes a sentence checkable: a number, a name of code, a comparison, a quotation."""


def vague_title(title: str) -> str:
    """Why a title alone says too little to work from; empty where it does not."""
    if found := _PLACEHOLDER.search(title):
        return f"a placeholder stands in it: {found[0]!r}"
    if _BARE.match(title.strip()):
        return "it names no part of the program and no behaviour"
    if found := _OPEN.search(title):
        return f"{found[0]!r} leaves open what is wanted"
    return ""


def vague_description(text: str) -> str:
    """Why a description is no description; empty where it is one. Its prose may be as it likes otherwise."""
    found = _PLACEHOLDER.search(text)
    return f"a placeholder stands in it: {found[0]!r}" if found else ""


def vague_acceptance(sentence: str) -> str:
    """Why nobody could say in the morning whether this holds; empty where somebody could."""
    if found := (_PLACEHOLDER.search(sentence) or _OPEN.search(sentence)):
        return f"{found[0]!r} leaves open when it holds"
    found = _UNMEASURED.search(sentence)
    if found and not _MEASURE.search(sentence.removesuffix(".")):
        return f"{found[0]!r} cannot be checked as it stands"
    return ""
