"""BigQuery as a source, without a server: types, statements, and which way is taken."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_schema.bigquery_types import type_of, unknown_types
from auto_schema.errors import ConfigError
from smart_sync.advice import plan_warnings
from sources.bigquery.column_rules import BIGQUERY_COLUMNS
from sources.bigquery.connection import BigqueryConnection
from sources.bigquery.profile import Described, copy_reason, with_stamps
from sources.bigquery.source import BigquerySource
from sources.bigquery.sql import DIALECT
from sources.bigquery.statement import bound
from sources.bigquery.tables import ReadTable, TableFacts, tables_of
from sources.profile import SourceProfile
from sources.sql import placeholders, strip_end, tokens
from sources.values import Extract, SourceColumn, Split, Window
from tests.factories import plan_of
from tests.graph.test_graph import NOW
from tests.graph.test_graph_bigquery import a_request, facts_of
from warehouse.jobs import JobLabels, query_config, reading_config

CONNECTION = BigqueryConnection("p", "d", "t", "p")
TAGGED = {"name": "ssn", "type": "STRING", "policyTags": {"names": ["projects/p/…/1"]}}


def test_a_policy_tag_is_seen_at_any_depth():
    assert type_of(TAGGED).is_protected
    nested = {"name": "person", "type": "RECORD", "mode": "REPEATED", "fields": [TAGGED]}
    assert type_of(nested).is_protected
    assert not type_of({"name": "a", "type": "STRING"}).is_protected


def test_a_plan_warns_of_columns_whose_policy_tags_stay_behind():
    warnings = plan_warnings(a_request(), facts_of("US", protected=("ssn",)))
    (warning,) = (text for text in warnings if "policy tags" in text)
    assert "guard ssn in the source" in warning


def test_types_without_a_rule_are_named_with_their_column():
    nested = {"name": "b", "type": "RECORD", "fields": [{"name": "c", "type": "TOKENLIST"}]}
    assert unknown_types([{"name": "a", "type": "INTEGER"}, nested]) == [("b", "TOKENLIST")]


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (None, "a query"),
        (TableFacts("VIEW"), "a VIEW"),
        (TableFacts("TABLE", is_streamed=True), "streaming buffer"),
        (TableFacts("TABLE", max_staleness="0-0 0 0:15:0"), "max_staleness"),
        (TableFacts("TABLE", is_iceberg=True), "Apache Iceberg"),
        (TableFacts("TABLE", is_restricted=True), "to queries only"),
    ],
)
def test_what_no_copy_job_can_take_is_told(facts, why):
    assert why in copy_reason(facts)
    assert copy_reason(TableFacts("TABLE")) == ""


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ({}, "dead_letter_table, table p.d.orders_dead_letters"),
        ({"dead_letter_table": "p.d.dead", "history_table": "p.d.orders_h"}, "run_history"),
        ({"dead_letter_table": "p.d.dead"}, ""),
        ({"query": "SELECT * FROM d.`orders_*` WHERE _TABLE_SUFFIX > '2'"}, ""),
    ],
)
def test_a_wildcard_that_means_what_runs_write_beside_the_destination_is_refused(words, named):
    facts = facts_of("US")
    here = replace(facts.profile.in_bigquery, reads=(("p.d.orders_*", ""),))
    facts = replace(facts, profile=replace(facts.profile, in_bigquery=here))
    if not named:
        assert plan_of(a_request(**words), facts, run_id="r", now=NOW)
        return
    with pytest.raises(ConfigError, match=named) as told:
        plan_of(a_request(**words), facts, run_id="r", now=NOW)
    assert "fed with its own rows" in told.value.what


def test_what_a_column_gives_by_default_is_known_of_its_stamps():
    at = {"name": "at", "type": "DATETIME"}
    facts = TableFacts(
        "TABLE", ({**at, "defaultValueExpression": "CURRENT_DATETIME('Asia/Tokyo')"},)
    )
    profile = SourceProfile((SourceColumn("at", type_of(at)),), BIGQUERY_COLUMNS)
    described, reads = Described((at,), ("p.d.t",), "US", facts), [ReadTable("p.d.t", "", facts)]
    zone = with_stamps(profile, BigquerySource(CONNECTION), described, reads, "at").zone
    assert zone is not None
    assert (zone.zone, zone.is_written) == ("Asia/Tokyo", True)


def test_a_window_is_cut_exactly_and_a_filter_is_asked_for_once():
    source = BigquerySource(CONNECTION, filter_column="day")
    window = Window(datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 2, 0, 0, 0, 1, UTC))
    source = replace(source, extract=Extract("at", window))
    assert source.predicate() == (
        "(`day` IS NULL OR `day` IS NOT NULL) AND `at` > TIMESTAMP '2024-05-01 00:00:00+00'"
        " AND `at` <= TIMESTAMP '2024-05-02 00:00:00.000001+00'"
    )
    by_day = replace(source, extract=Extract("day", Window(None, date(2024, 5, 1))))
    assert by_day.predicate() == "`day` <= DATE '2024-05-01'"


def test_a_query_stands_on_lines_of_its_own():
    source = BigquerySource(CONNECTION, query="SELECT 1 AS a # the end")
    assert source.statement(Split(0)) == "SELECT q.*\nFROM (\nSELECT 1 AS a # the end\n) AS q"


@given(st.text("ab'\"`\\#-/*{}r \n;", max_size=30))
def test_any_text_is_taken_apart_without_loss(sql):
    assert "".join(sql[start:end] for _, start, end in tokens(sql, DIALECT)) == sql


def test_placeholders_in_comments_do_not_count_and_triple_quotes_do():
    assert placeholders("SELECT 1 # {start_timestamp}\n-- {end_timestamp}", DIALECT) == set()
    query = "SELECT '''it's {end_timestamp}''', r\"{start_timestamp}\\d\""
    filled = bound(query, datetime(2024, 5, 1), datetime(2024, 5, 2))
    assert filled == "SELECT '''it's 2024-05-02 00:00:00''', r\"2024-05-01 00:00:00\\d\""
    assert strip_end("SELECT ';' ; # done", DIALECT) == "SELECT ';'  # done"


def test_tables_of_a_view_are_those_of_its_project_and_dataset():
    query = "SELECT * FROM `a-b.c.d_*` AS x, UNNEST(x.items), (SELECT * FROM e JOIN f.g USING (i))"
    assert tables_of(query, "p", "d") == ["a-b.c.d_*", "p.d.e", "p.f.g"]
    assert tables_of("SELECT FROM (", "p", "d") == []


def test_no_query_goes_by_the_zone_of_the_project_that_runs_it():
    labels = JobLabels("r", "step")
    for config in (query_config(labels), reading_config(labels, "p.d")):
        sent = config.to_api_repr()["query"]["connectionProperties"]
        assert sent == [{"key": "time_zone", "value": "UTC"}]
