"""Whose table the destination is: its labels, old and new."""

import pytest

from smart_sync.source_labels import source_labels
from sources.profile import SourceIdentity
from tests.factories import a_plan, a_target, refused, some_facts

ID, HOST = "id:7312", "host:db1:5432"


def on(server, tables=("public.orders",)):
    return SourceIdentity("postgresql/shop", server, tables)


def labels(server):
    return source_labels(some_facts(identity=on(server)).profile)


def of(server):
    return a_target(labels=labels(server))


def test_a_server_is_a_label_of_its_own_beside_the_source():
    (server, mine), source = labels(ID)
    assert server == "sync_server"
    assert len(mine) == len("id-") + 32
    assert labels("") == (source,)
    assert source_labels(some_facts(identity=on(ID, ())).profile) == ()


@pytest.mark.parametrize(("before", "now"), [(ID, "id:9"), (HOST, "host:db2:5432"), (ID, HOST)])
def test_another_server_is_refused(before, now):
    ((_, what),) = refused(target=of(before), identity=on(now))
    assert what == "the destination belongs to another server"


@pytest.mark.parametrize(("before", "now"), [("", ID), ("", HOST), (HOST, ID)])
def test_a_label_that_names_no_servers_id_is_accepted_once_renewed_and_told(before, now):
    plan = a_plan(target=of(before), identity=on(now))
    assert plan.publishing.sets_label
    assert any("the run's publishing adds" in note for note in plan.notes)


@pytest.mark.parametrize("same", [ID, HOST, ""])
def test_the_same_server_is_neither_refused_nor_told(same):
    plan = a_plan(target=of(same), identity=on(same))
    assert not plan.publishing.sets_label
    assert not any("publishing adds" in note for note in plan.notes)


def test_a_source_whose_names_say_all_does_not_mind_a_servers_label():
    assert not a_plan(target=of(ID), identity=on("")).publishing.sets_label
