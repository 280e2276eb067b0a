"""I/O. What the program prints, where nobody takes it any more."""

import os
import select
import sys
from io import UnsupportedOperation

UNREAD = 141
"""The exit code of a program whose output nobody takes: 128 and SIGPIPE, as shells tell it."""


def nobody_reads() -> bool:
    """Whether who took stdout has seen enough, as `| head` has; what follows then goes nowhere."""
    try:
        sys.stdout.flush()
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        is_closed = any(events & select.POLLERR for _, events in poll.poll(0))
    except BrokenPipeError:
        is_closed = True
    except UnsupportedOperation:  # it is a text in memory
        is_closed = False
    if is_closed:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return is_closed
