"""What holds for every test."""

from __future__ import annotations

import signal

from hypothesis import settings

# A shell that starts us in the background ignores Ctrl-C for us, and so for every program the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No test is timed: a busy machine is no failure.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
