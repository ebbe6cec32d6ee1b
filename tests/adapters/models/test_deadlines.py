"""Every attempt ends in time, and leaves no thread behind (I12, I11)."""

from __future__ import annotations

import contextvars
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator

import pytest

from orchestrator.adapters.models.deadlines import GRACE_S, THREAD_NAME, Attempt, run_attempt, stop_all
from orchestrator.domain.call import Deadlines
from orchestrator.domain.errors import ModelError, ModelFault
from tests.adapters.models.common import PROVIDERS, request, served
from tests.fakes.loopback import Fault, Kind, Reply, wait_for

SHORT = Deadlines(first_byte_s=0.3, idle_s=0.3, total_s=0.9)


def workers() -> list[threading.Thread]:
    """Threads of attempts that still run."""
    return [thread for thread in threading.enumerate() if thread.name == THREAD_NAME]


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    yield
    assert wait_for(lambda: not workers()), workers()


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("fault", "words", "at_least"),
    [
        (Fault(kind=Kind.HANG), "no first byte within 0.3 s", 0.3),
        (Fault(kind=Kind.DRIP, every_s=5), "nothing came for 0.3 s", 0.3),
        (Fault(kind=Kind.DRIP, every_s=0.05), "not finished within 0.9 s", 0.9),
        # the status line itself drips: no SDK sees a response, only the socket can be cut
        (Fault(kind=Kind.DRIP, every_s=0.05, headers_first=False), "no first byte within 0.3 s", 0.3),
    ],
    ids=["hang", "idle", "drip", "drip-headers"],
)
def test_a_server_that_does_not_finish(provider: str, fault: Fault, words: str, at_least: float) -> None:
    with served(provider, Reply(text="x" * 500, fault=fault)) as (llm, server):
        if provider == "google":
            llm.check([])  # loads the SDK: its import is no part of the attempt
        started = time.monotonic()
        with pytest.raises(ModelError) as caught:
            llm.ask(request(provider), SHORT)
        took = time.monotonic() - started
        assert wait_for(lambda: not workers())  # while the server still holds the line
        assert server.count == 1
    assert (caught.value.fault, caught.value.transient, caught.value.billed) == (ModelFault.TIMEOUT, True, True)
    assert words in caught.value.message
    assert "first_byte_s" in caught.value.hint
    assert took >= at_least


def test_slow_but_steady_is_no_fault() -> None:
    """Positive control: bytes that keep coming keep the attempt alive past the idle limit."""
    fault = Fault(kind=Kind.DRIP, every_s=0.0005)
    limits = Deadlines(first_byte_s=5, idle_s=0.5, total_s=20)
    with served("anthropic", Reply(text="steady", fault=fault)) as (llm, _):
        answer = llm.ask(request("anthropic"), limits)
    assert answer.text == "steady"
    assert answer.seconds > limits.idle_s


def test_the_result_and_the_error_come_back() -> None:
    assert run_attempt(lambda _: 42, SHORT, provider="p") == 42
    with pytest.raises(ZeroDivisionError):
        run_attempt(lambda _: 1 // 0, SHORT, provider="p")


def test_work_that_cannot_be_cut_is_left_behind() -> None:
    """A name look-up inside the C library, for one; the caller is back in time all the same."""
    release = threading.Event()
    started = time.monotonic()
    with pytest.raises(ModelError) as caught:
        run_attempt(lambda _: release.wait(30), SHORT, provider="p")
    took = time.monotonic() - started
    [left] = workers()
    assert left.daemon
    assert took < SHORT.first_byte_s + GRACE_S + 1
    assert caught.value.billed is False  # nothing was sent
    release.set()


def test_a_line_opened_after_the_cut_is_cut_at_once() -> None:
    here, there = socket.socketpair()
    with here, there:
        attempt = Attempt(SHORT)
        attempt.cut()
        attempt.hold(here)
        there.settimeout(2)
        assert there.recv(1) == b""


def test_an_answer_in_the_instant_of_the_limit_is_used() -> None:
    def work(attempt: Attempt) -> str:
        here, there = socket.socketpair()
        with here, there:
            attempt.hold(here)
            here.recv(1)  # until the limit cuts it
        return "whole"

    assert run_attempt(work, SHORT, provider="p") == "whole"


def test_an_interrupt_cuts_the_attempt() -> None:
    seen = threading.Event()

    def work(attempt: Attempt) -> None:
        here, there = socket.socketpair()
        with here, there:
            attempt.hold(here)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)  # as Ctrl-C does
            here.recv(1)
        seen.set()

    with pytest.raises(KeyboardInterrupt):
        run_attempt(work, Deadlines(first_byte_s=30, idle_s=30, total_s=30), provider="p")
    assert seen.wait(5)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_halted_run_ends_the_calls_of_all_lanes(provider: str) -> None:
    """A lane's call is in another thread than the one the signal reaches."""
    ended: list[str] = []
    limits = Deadlines(first_byte_s=60, idle_s=60, total_s=60)
    with served(provider, Reply(fault=Fault(kind=Kind.HANG))) as (llm, server):
        llm.check([])

        def lane() -> None:
            try:
                llm.ask(request(provider), limits)
            except KeyboardInterrupt:
                ended.append("halted")

        lanes = [threading.Thread(target=lane) for _ in range(3)]
        for thread in lanes:
            thread.start()
        assert wait_for(lambda: server.count == 3)
        stop_all()
        for thread in lanes:
            thread.join(5)
    assert ended == ["halted"] * 3
    stop_all()  # nothing left to stop


def test_a_reader_under_tls_is_woken() -> None:
    """The socket of a TLS connection is shut down under the reader, from another thread."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with socket.create_server(("127.0.0.1", 0)) as server:
        plain = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
        context.check_hostname = False
        with accepted, context.wrap_socket(plain, do_handshake_on_connect=False) as secure:
            secure.settimeout(20)

            def work(attempt: Attempt) -> None:
                attempt.hold(secure)
                secure.do_handshake()  # reads until the peer answers, which it never does

            started = time.monotonic()
            with pytest.raises(ModelError):
                run_attempt(work, SHORT, provider="p")
            assert wait_for(lambda: not workers())
            assert time.monotonic() - started < 3


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_server_that_goes_away(provider: str) -> None:
    """Killed while it holds the line: the call ends at once, not at its limit."""
    with served(provider, Reply(text="x" * 500, fault=Fault(kind=Kind.DRIP, every_s=30)), models=None) as (llm, server):
        llm.check([])
        killer = threading.Timer(0.3, server.stop)
        killer.start()
        started = time.monotonic()
        with pytest.raises(ModelError) as caught:
            llm.ask(request(provider), Deadlines(first_byte_s=60, idle_s=60, total_s=60))
        killer.join()
    assert caught.value.fault in {ModelFault.INCOMPLETE, ModelFault.CONNECTION}
    assert time.monotonic() - started < 10


def test_log_fields_follow_into_the_thread() -> None:
    field: contextvars.ContextVar[str] = contextvars.ContextVar("field", default="none")
    field.set("task-1")
    assert run_attempt(lambda _: field.get(), SHORT, provider="p") == "task-1"


def test_attempts_side_by_side_do_not_meet() -> None:
    """One slow and one quick call through one adapter: only the slow one is cut."""

    def script(seen: object) -> Reply:
        slow = "slow" in str(getattr(seen, "body", ""))
        return Reply(text="quick", fault=Fault(kind=Kind.HANG) if slow else None, delay_s=0 if slow else 0.5)

    from orchestrator.domain.call import Message, Speaker

    errors: list[BaseException] = []
    with served("anthropic", script) as (llm, _):

        def slow() -> None:
            try:
                llm.ask(request("anthropic", Message(speaker=Speaker.USER, text="slow")), SHORT)
            except ModelError as error:
                errors.append(error)

        llm.ask(request("anthropic"), Deadlines(first_byte_s=20, idle_s=20, total_s=20))  # the SDK is loaded
        thread = threading.Thread(target=slow)
        thread.start()
        answer = llm.ask(request("anthropic"), Deadlines(first_byte_s=20, idle_s=20, total_s=20))
        thread.join()
    assert answer.text == "quick"
    assert [getattr(error, "fault", None) for error in errors] == [ModelFault.TIMEOUT]
