"""A bundle that fails once, and is run again, as Dataflow does it."""

import inspect
import operator
import pkgutil

import pytest
from apache_beam.runners.portability.fn_api_runner.fn_runner import BundleManager


def a_worker_goes(monkeypatch, place, calls):
    """After so many calls, or elements of a generator, an exception no code of ours expects."""
    owner, _, name = place.rpartition(".")
    original, counted = operator.attrgetter(name)(pkgutil.resolve_name(owner)), []

    def count():
        counted.append(place)
        if len(counted) == calls:
            raise RuntimeError("the worker is gone")

    def generator(*words):
        for each in original(*words):
            yield each
            count()

    def function(*words, **more):
        result = original(*words, **more)
        count()
        return result

    monkeypatch.setattr(place, generator if inspect.isgeneratorfunction(original) else function)
    return counted


@pytest.fixture
def again(monkeypatch):
    """The local runner does what Dataflow does: a bundle that failed is run again."""

    def process_bundle(*words, **more):
        try:
            return original(*words, **more)
        except Exception as error:
            failed.append(error)
            return original(*words, **more)

    original, failed = BundleManager.process_bundle, []
    monkeypatch.setattr(BundleManager, "process_bundle", process_bundle)
    return failed
