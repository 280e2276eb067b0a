"""Sleeping costs these tests nothing, and other tests' threads go on sleeping."""

import threading
import time

import pytest


@pytest.fixture
def paused(monkeypatch):
    """The seconds that the test's own thread would have slept."""
    told, pause, ours = [], time.sleep, threading.current_thread()

    def sleep(seconds: float) -> None:
        if threading.current_thread() is ours:
            told.append(seconds)
        else:  # a thread of other tests' clients
            pause(seconds)

    monkeypatch.setattr("time.sleep", sleep)
    return told
