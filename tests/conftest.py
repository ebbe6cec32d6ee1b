"""What holds for every test."""

from __future__ import annotations

import signal

# A shell that starts us in the background ignores Ctrl-C for us, and so for every program the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
