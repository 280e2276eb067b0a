"""Faults of the service at random."""

import random
import threading

from tests.chaos.result import Result
from tests.fault_rules import Action, Answer, Exchange, answer, drop, slow

FAULT_RATE = 0.02


def weather(seed: int, result: Result) -> Action:
    """Now and then a request fails, is answered late, or its answer is lost; all are counted."""
    chance, lock = random.Random(seed), threading.Lock()
    kinds = [answer(503), answer(429), drop(), drop(after=True), slow(before=0.5, after=0.5)]

    def act(exchange: Exchange) -> Answer:
        with lock:
            fails, kind = chance.random() < FAULT_RATE, chance.choice(kinds)
            result.faults += fails
        return kind(exchange) if fails else exchange.forward()

    return act
