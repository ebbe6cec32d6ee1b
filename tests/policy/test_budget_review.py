"""B9, B4: compliance, overruns and their lines, replay, what one task must leave the others; on given figures."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.domain.task import Complexity, Importance, Phase
from orchestrator.policy.budget import phase_use, stop_loss, task_budget
from orchestrator.policy.budget_replay import PastCall, first_beyond, replay
from orchestrator.policy.budget_review import Reviewed, expected_left, proposal, review
from orchestrator.policy.budget_share import Claim, starves
from orchestrator.settings import Budgets, Caps
from orchestrator.settings.load import load_settings


@pytest.fixture(scope="module")
def budgets() -> Budgets:
    return load_settings(environment={}).settings.budgets


def seen(budgets: Budgets, build: int, **more: object) -> Reviewed:
    """A moderate task of medium importance: its build's limit is 150,000."""
    made = task_budget(Complexity.MODERATE, Importance.MEDIUM, {}, budgets)
    used = {Phase.PLAN: 10_000, Phase.BUILD: build}
    uses = tuple(phase_use(phase, used.get(phase, 0), 5.0, made, budgets) for phase in Phase)
    fields = {"run": "r", "task": "t", "status": "delivered", "fixed": frozenset(), **more}
    return Reviewed(budget=made.tokens, phases=uses, **fields)  # type: ignore[arg-type]


def test_rates_count_ended_tasks_with_a_budget(budgets: Budgets) -> None:
    tasks = [seen(budgets, 1000) for _ in range(16)]
    tasks += [seen(budgets, 400_000, status="stopped", stopped="over", disputed="large context")]
    tasks += [seen(budgets, 400_000, would_stop="over"), seen(budgets, 1, status="")]
    found = review(tasks, budgets)
    assert (found.tasks, found.within, found.stopped, found.would_stop, found.false_positives) == (18, 16, 1, 1, 1)


def test_the_line_to_change_and_what_holds_nine_of_ten(budgets: Budgets) -> None:
    """Ten tasks, two over: the ninth smallest used 1.5 times its limit, so 150,000 becomes 225,000, up to 230,000."""
    tasks = [seen(budgets, 100_000) for _ in range(8)] + [seen(budgets, 225_000), seen(budgets, 900_000)]
    (over,) = review(tasks, budgets).overruns
    assert (over.phase, over.what, over.tasks, over.of, over.key) == (
        Phase.BUILD,
        "tokens",
        2,
        10,
        "budgets.tokens.build",
    )
    assert (over.now, over.proposed) == (150_000, 230_000)
    made = proposal([over])
    assert made == {"budgets": {"tokens": {"build": 230_000}}}
    again = budgets.model_copy(update={"tokens": {**budgets.tokens, Phase.BUILD: 230_000}})
    limit = task_budget(Complexity.MODERATE, Importance.MEDIUM, {}, again).phases[Phase.BUILD].tokens
    assert sum(task.phases[3].tokens <= limit for task in tasks) == 9


def test_few_tasks_and_limits_of_the_tasks_own_propose_nothing(budgets: Budgets) -> None:
    few = review([seen(budgets, 900_000)] * 4, budgets).overruns
    assert [one.proposed for one in few] == [None]
    own = review([seen(budgets, 900_000, fixed=frozenset({Phase.BUILD}))] * 9, budgets).overruns
    assert own == ()
    learnt = budgets.model_copy(update={"base": "registry"})
    (one,) = review([seen(budgets, 225_000)] * 9, learnt).overruns
    assert (one.key, one.proposed) == ("budgets.weights.build", Decimal("1.5"))


def test_what_is_left_looks_from_the_current_phase_on(budgets: Budgets) -> None:
    estimates = {Phase.PLAN: 20_000, Phase.BUILD: 13_000, Phase.DELIVER: 11_500}
    under_way = seen(budgets, 3_000, status="", last=Phase.BUILD)
    assert expected_left(under_way, estimates) == 10_000 + 11_500
    assert expected_left(seen(budgets, 3_000), estimates) == 0


def test_a_replay_stops_where_the_run_did(budgets: Budgets) -> None:
    made = task_budget(Complexity.MODERATE, Importance.MEDIUM, {}, budgets)
    calls = [PastCall(phase=Phase.BUILD, tokens=100_000, worst=20_000) for _ in range(4)]
    past = replay(calls, made, budgets)
    assert past.stop is not None
    assert (past.calls, past.used, past.total, past.stop.phase) == (3, 300_000, 400_000, Phase.BUILD)
    assert replay([PastCall(phase=Phase.DISCOVER, tokens=10**9, worst=1)] * 2, made, budgets).stop is None
    watched = budgets.model_copy(update={"mode": "observe"})
    assert replay(calls, made, watched) == past


@given(
    st.lists(st.tuples(st.sampled_from(list(Phase)[2:]), st.integers(0, 200_000), st.integers(0, 60_000)), max_size=20)
)
def test_a_replay_is_the_stop_loss_between_calls(drawn: list[tuple[Phase, int, int]]) -> None:
    budgets = load_settings(environment={}).settings.budgets
    made = task_budget(Complexity.SIMPLE, Importance.MEDIUM, {}, budgets)
    calls = [PastCall(phase=phase, tokens=tokens, worst=worst) for phase, tokens, worst in drawn]
    used: dict[Phase, int] = {}
    for number, call in enumerate(calls):
        if stop_loss(used, made, budgets, call.worst):
            assert replay(calls, made, budgets).calls == number
            return
        used[call.phase] = used.get(call.phase, 0) + call.tokens
    assert replay(calls, made, budgets).stop is None


def test_the_first_call_a_cap_does_not_let_through() -> None:
    calls = [("a", 500, 100), ("b", 500, 100), ("c", 900, 100)]
    assert first_beyond(calls, 1000) == "c"
    assert first_beyond(calls, 1100) == ""
    assert first_beyond(calls, None) == ""


def claim(used: int, budget: int = 1000, *, ended: bool = False, cost: str | None = "0") -> Claim:
    return Claim(budget=budget, used=used, cost_usd=None if cost is None else Decimal(cost), ended=ended)


def test_one_task_never_starves_the_others() -> None:
    caps = Caps(max_tokens=3000)
    assert starves(claim(1000), [claim(0), claim(0)], caps, 10) is None, "within its own budget"
    stop = starves(claim(1100), [claim(0), claim(0)], caps, 10)
    assert stop is not None
    assert stop.enforced
    assert "1,900 are left, and the other tasks' budgets need 2,000" in stop.why
    assert starves(claim(1100), [claim(300, ended=True), claim(0)], caps, 10) is None, "what an ended one left"
    assert starves(claim(1100), [claim(0), claim(0)], Caps(max_tokens=None), 10) is None, "no cap"
    assert starves(claim(1100), [claim(0), claim(0)], caps, 1100) is None, "no line below one call"


def test_money_is_counted_at_what_a_token_cost() -> None:
    caps = Caps(max_tokens=None, max_cost_usd=Decimal(3))
    assert starves(claim(1100, cost="1.1"), [claim(0), claim(0)], caps, 10) is not None
    assert starves(claim(1100, cost="0.11"), [claim(0), claim(0)], caps, 10) is None
    assert starves(claim(1100, cost=None), [claim(0)], caps, 10) is None
