"""In what order to read the delivered branches: value x confidence / minutes of reading. Pure.

The order answers "what do I open first, with a coffee and half an hour": what matters, is likely to be right and is
soon read. It judges nothing: every branch here passed the gate and the review. A branch that builds on another comes
behind it, whatever its own figures say.

*Value* is the task's importance by B1's factors. *Minutes* are reckoned from the change: 400 changed lines an hour,
inside the 300 to 500 above which reviewers miss more (Cohen and others, Best Kept Secrets of Peer Code Review,
SmartBear 2006: 2,500 reviews at Cisco), a removed line at half of that, as it is skimmed; half a minute to find one's
way in each file and two minutes for the decision are this product's own estimates. *Confidence* starts at 1 and loses a
share for each doubt the night left. No study gives those shares: they are set here, graver ones first, and each is told
in the row's reasons, so that a reader can disagree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.domain.task import Importance

LINES_A_MINUTE = 400 / 60
REMOVED_SHARE = 0.5
"""What a removed line takes of the time an added one does."""
MINUTES_A_FILE, MINUTES_A_BRANCH = 0.5, 2.0
LEAST_CONFIDENCE = 0.05
"""However many doubts there are: none makes a green branch worthless."""
REASONS = 4
"""At most so many doubts are told in a row; the gravest."""

WEAKENED, NO_TESTS, COVERAGE_UNKNOWN = 0.6, 0.7, 0.85
REDESIGN, SENT_BACK, FINDING, INVENTED, ITERATION, SUPPRESSION = 0.8, 0.85, 0.9, 0.9, 0.9, 0.95
"""What is left of the confidence after each one of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A delivered branch, as far as the order needs it."""

    id: str
    importance: Importance = Importance.MEDIUM
    added: int = 0
    """Lines to read; machine-written ones (lock files) are not counted."""
    removed: int = 0
    files: int = 0
    iterations: int = 1
    redesigns: int = 0
    send_backs: int = 0
    invented: int = 0
    """Names that do not exist, met on the way (L7, hallucination)."""
    suppressions: int = 0
    weakened: int = 0
    """Places that prove less than they did, flagged for the review (decision 20)."""
    findings: int = 0
    """What the accepting reviews still remarked."""
    tests_measured: bool = True
    coverage_known: bool = True
    after: tuple[str, ...] = ()
    """Branches it builds on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A branch's place in the queue, and why it stands there."""

    branch: Branch
    value: float
    confidence: float
    """0.05 to 1."""
    minutes: float
    score: float
    """``value x confidence / minutes``."""
    why: tuple[str, ...]
    """A few words each."""


def review_queue(branches: Sequence[Branch], worth: Mapping[Importance, float]) -> tuple[Place, ...]:
    """The branches in the order to read them; of equal ones, the order they came in. ``worth``: B1's factors."""
    waiting = {branch.id: branch for branch in branches}
    ranked = sorted((_place(branch, worth) for branch in branches), key=lambda place: -place.score)
    queue: list[Place] = []
    while ranked:
        free = (place for place in ranked if not _before(place.branch, waiting))
        chosen = next(free, ranked[0])  # a circle cannot be in a run; it would not be lost here
        ranked.remove(chosen)
        del waiting[chosen.branch.id]
        queue.append(chosen)
    return tuple(queue)


def reading_minutes(branch: Branch) -> float:
    """Minutes to read the change and its decision."""
    lines = branch.added + REMOVED_SHARE * branch.removed
    return MINUTES_A_BRANCH + MINUTES_A_FILE * branch.files + lines / LINES_A_MINUTE


def _before(branch: Branch, waiting: Collection[str]) -> bool:
    return any(name in waiting and name != branch.id for name in branch.after)


def _place(branch: Branch, worth: Mapping[Importance, float]) -> Place:
    doubts = sorted(_doubts(branch), key=lambda doubt: doubt[0])
    confidence = 1.0
    for share, _ in doubts:
        confidence *= share
    confidence = max(confidence, LEAST_CONFIDENCE)
    value, minutes = float(worth[branch.importance]), reading_minutes(branch)
    said = [words for _, words in doubts[:REASONS]] or ["right first time"]
    if len(doubts) > REASONS:
        said.append(f"and {len(doubts) - REASONS} more")
    if branch.importance is not Importance.MEDIUM:
        said.insert(0, f"{branch.importance.value} importance")
    if branch.after:
        said.append(f"builds on {', '.join(branch.after)}")
    return Place(
        branch=branch,
        value=value,
        confidence=confidence,
        minutes=minutes,
        score=value * confidence / minutes,
        why=(*said, f"{max(round(minutes), 1)} min to read"),
    )


def _doubts(branch: Branch) -> Iterator[tuple[float, str]]:
    """What is left of the confidence by each doubt, and its words."""
    if not branch.tests_measured:
        yield NO_TESTS, "no test was measured"
    elif not branch.coverage_known:
        yield COVERAGE_UNKNOWN, "coverage unknown"
    counted = (
        (WEAKENED, branch.weakened, "place proves less", "places prove less"),
        (REDESIGN, branch.redesigns, "redesign", "redesigns"),
        (SENT_BACK, branch.send_backs, "send-back", "send-backs"),
        (FINDING, branch.findings, "remark left", "remarks left"),
        (INVENTED, branch.invented, "invented name on the way", "invented names on the way"),
        (SUPPRESSION, branch.suppressions, "check silenced by comment", "checks silenced by comments"),
    )
    for share, number, one, many in counted:
        if number > 0:
            yield share**number, f"{number} {one if number == 1 else many}"
    if branch.iterations > 1:
        yield ITERATION ** (branch.iterations - 1), f"{branch.iterations} iterations"
