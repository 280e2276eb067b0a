"""Whose table the destination is: its labels, old and new."""

from dataclasses import replace
from datetime import timedelta

import pytest

from smart_sync.request import WriteDisposition
from smart_sync.source_labels import source_labels
from sources.profile import SourceIdentity
from tests.factories import (
    NOW,
    a_plan,
    a_request,
    a_source_column,
    a_target,
    a_watermark,
    refused,
    some_facts,
    some_fields,
)

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


MADE = SourceIdentity("postgresql/shop", ID, ("public.orders",), made="16385")
AGAIN = replace(MADE, made="16402")
MERGE = WriteDisposition.MERGE
STAMPS = a_request()
NUMBERS = a_request(cursor="id")


def filled_by(identity, request=STAMPS):
    """A destination as a run from that source has left it."""
    return a_target(labels=a_plan(request, identity=identity).publishing.labels)


def test_numbers_of_a_table_that_was_made_anew_are_refused_unless_that_is_accepted():
    target = filled_by(MADE)
    ((_, what),) = refused(request=NUMBERS, target=target, identity=AGAIN)
    assert what == "numbers that began again"
    accepted = a_request(cursor="id", accept_source_change=True)
    assert a_plan(accepted, target=target, identity=AGAIN).publishing.sets_label


def test_stamps_of_a_table_that_was_made_anew_are_told_of_and_the_label_is_renewed():
    hour_ago = a_watermark(NOW - timedelta(hours=1))
    plan = a_plan(STAMPS, target=filled_by(MADE), identity=AGAIN, watermark=hour_ago)
    assert any("was made anew since the last run" in told for told in plan.warnings)
    assert plan.publishing.sets_label
    assert dict(plan.publishing.labels) == dict(filled_by(AGAIN).labels)


@pytest.mark.parametrize("request_", [STAMPS, NUMBERS])
def test_a_destination_that_does_not_say_which_table_filled_it_learns_it_without_a_word(request_):
    plan = a_plan(request_, target=filled_by(replace(MADE, made="")), identity=AGAIN)
    assert plan.publishing.sets_label
    assert not any("made anew" in told for told in plan.warnings)


def test_a_label_is_not_given_to_a_table_that_names_no_source():
    assert not a_plan(STAMPS, target=a_target(), identity=MADE).publishing.sets_label


def test_a_table_that_others_made_gets_its_labels_while_it_has_no_row():
    """Of Terraform, say: no row can be another source's."""
    empty = a_target(rows=0)
    plan = a_plan(STAMPS, target=empty, identity=MADE)
    assert plan.publishing.sets_label
    assert dict(plan.publishing.labels) == dict(filled_by(MADE).labels)
    assert not any("no sync_source label" in told for told in plan.warnings)
    ((_, what),) = refused(target=replace(empty, labels=of(ID).labels), identity=on("id:9"))
    assert what == "the destination belongs to another server"


def test_a_table_with_rows_and_without_labels_is_told_of_with_what_gives_it_some():
    (told,) = a_plan(STAMPS, target=a_target(), identity=MADE).warnings
    assert "one run with accept_source_change=true gives it labels" in told
    accepted = a_plan(a_request(accept_source_change=True), target=a_target(), identity=MADE)
    assert accepted.publishing.sets_label
    assert not accepted.warnings


def test_other_merge_keys_are_told_of_whatever_their_order_and_case():
    by_id = a_request(write_disposition=MERGE, merge_keys=("id",))
    by_both = a_request(write_disposition=MERGE, merge_keys=("id", "name"))
    target = filled_by(MADE, by_id)
    assert "sync_keys" in dict(target.labels)
    for request, is_told in ((by_both, True), (by_id, False)):
        plan = a_plan(request, target=target, identity=MADE)
        assert (
            any("were others, or none, in the runs so far" in told for told in plan.warnings)
            is is_told
        )
        assert plan.publishing.sets_label is is_told
    appended = a_plan(STAMPS, target=target, identity=MADE)
    assert any("will be both versions" in told for told in appended.warnings)
    assert dict(appended.publishing.labels)["sync_keys"] == "appended"
    turned = a_request(write_disposition=MERGE, merge_keys=("NAME", "id"))
    assert not a_plan(turned, target=filled_by(MADE, by_both), identity=MADE).publishing.sets_label


@pytest.mark.parametrize(
    ("before", "now", "is_told"),
    [
        ("Europe/Berlin", "UTC", True),
        ("Etc/GMT+3", "Etc/GMT-3", True),
        ("UTC", "Etc/UTC", False),
        ("Asia/Tokyo", "Asia/Tokyo", False),
    ],
)
def test_another_clock_than_windows_ended_by_so_far_is_told(before, now, is_told):
    columns = (a_source_column("id", "int8"), a_source_column("updated_at", "timestamp"))
    there = {"columns": columns, "identity": MADE}

    def ending_by(zone, **rest):
        facts = some_facts(**there, **rest)
        return a_plan(facts=replace(facts, window=replace(facts.window, time_zone=zone)))

    target = a_target(labels=ending_by(before).publishing.labels, fields=some_fields(*columns))
    plan = ending_by(now, target=target, watermark=a_watermark(NOW.replace(tzinfo=None)))
    assert any("by another zone's in the runs so far" in told for told in plan.warnings) is is_told
    assert plan.publishing.sets_label is is_told
