"""The promises of reading PostgreSQL: columns, settings, values, and servers that stop."""

from tests.mutants.promises import Promise

READING = "Reading PostgreSQL"
EVIDENCE = "tests/servers/test_evidence.py::test_"
P = Promise

PROMISES: tuple[Promise, ...] = (
    P(
        READING,
        "Each split sees in its own transaction that the query has the plan's columns.",
        "tests/e2e/test_source_changes.py::test_columns_that_change_after_the_plan_end_the_run_before_anything_is_published",
        "sources/postgresql/read.py",
        "    check_columns(source.place, source.result_names, source.result_types, (names, types))",
        "    pass",
    ),
    P(
        READING,
        "A table that is written anew while a read waits for it is not read as empty.",
        "tests/e2e/test_source_changes.py::test_a_table_that_is_written_anew_while_a_read_waits_is_read_whole",
        "sources/postgresql/read.py",
        "        if cursor.fetchone()[0]:",
        "        if False:",
    ),
    P(
        READING,
        "What writes values is pinned, whatever role and database have set.",
        "tests/e2e/test_settings.py::test_a_roles_own_settings_change_no_value",
        "sources/postgresql/session.py",
        "  ELSE coalesce(w.value, s.reset_val) END, true))",
        "  ELSE s.setting END, true))",
    ),
    P(
        READING,
        "What an earlier session of a pool has set is undone for the transaction.",
        "tests/e2e/test_settings.py::test_what_an_earlier_session_of_a_pool_has_set_is_undone_for_the_transaction",
        "sources/postgresql/session.py",
        "  OR w.name IS NULL AND s.source = 'session' AND s.context = 'user'",
        "  OR w.name IS NULL AND false",
    ),
    P(
        READING,
        "A role that quotes all identifiers gives the same names of types and relations.",
        "tests/e2e/test_settings.py::test_a_roles_own_settings_change_no_value",
        "sources/postgresql/session.py",
        '        "quote_all_identifiers": "off",\n',
        "",
    ),
    P(
        READING,
        "No function of a user's schema stands in for one of PostgreSQL's own.",
        "tests/e2e/test_settings.py::test_functions_of_a_users_schema_stand_in_for_none_of_postgresqls_own",
        "auto_schema/canonical.py",
        """    return f"pg_catalog.array_to_string(ARRAY[{items}]::text[], ';', '-')\"""",
        """    return f"array_to_string(ARRAY[{items}]::text[], ';', '-')\"""",
    ),
    P(
        READING,
        "A column that arrives in another form than was planned is refused before any cast.",
        "tests/unit/test_conform.py::test_a_column_in_a_form_that_was_not_planned_is_refused_before_any_cast",
        "auto_schema/conform.py",
        "        physical.check(column, batch.column(column.name).type)",
        "        pass",
    ),
    P(
        READING,
        "An array arrives wherever its bounds begin.",
        "tests/e2e/test_driver_faults.py::test_arrays_that_begin_elsewhere_arrive_and_an_address_has_one_text_everywhere",
        "sources/postgresql/wire/column.c",
        "  bytes += LIST_HEAD;",
        "  if (dimensions && big32(bytes + LIST_HEAD + 4) > 1) return BAD_FORM;\n  bytes += LIST_HEAD;",
    ),
    P(
        READING,
        "A number with more digits than planned is kept as it is, and judged.",
        "tests/unit/test_wire.py::test_a_number_is_a_decimal_if_it_fits_and_else_its_text",
        "sources/postgresql/wire/numeric.c",
        "  return is_below(out, &LIMITS[column->precision]);",
        "  return true;",
    ),
    P(
        READING,
        "A server that ends COPY by an error has not ended the rows.",
        "tests/servers/test_wire.py::test_an_error_amid_the_rows_has_its_sqlstate_and_the_session_goes_on",
        "sources/postgresql/wire/libpq.py",
        "        if pq.PQresultStatus(result) not in wanted:",
        "        if False:",
    ),
    P(
        READING,
        "JSON that BigQuery would refuse when it is published is a dead letter.",
        "tests/e2e/test_driver_faults.py::test_json_that_a_parser_refuses_is_a_dead_letter_and_the_other_rows_arrive",
        "auto_schema/json_numbers.py",
        "        if has_half_pair(texts[index].as_py()):",
        "        if False:",
    ),
    P(
        READING,
        "A lock at launch is waited for and tried again.",
        "tests/e2e/test_locks.py::test_a_lock_that_outlasts_a_try_is_tried_again_and_the_run_succeeds",
        "pipeline/launch/gather.py",
        "            if attempt == retries:",
        "            if True:",
    ),
    P(
        READING,
        "A source that takes no more sessions is asked again, and what it says is told as it is.",
        "tests/e2e/test_locks.py::test_a_source_without_room_for_a_session_is_asked_again",
        "sources/postgresql/errors.py",
        "_FULL.search(text)",
        "_LOCKED.search(text)",
    ),
    P(
        READING,
        "A server that stops answering is given up, and its session is ended.",
        "tests/e2e/test_silence.py::test_a_server_that_stops_answering_amid_the_rows_is_given_up_and_its_session_ended",
        "sources/postgresql/watch.py",
        "        self._ask(_END, self.pid, self._application)",
        "        pass",
    ),
    P(
        READING,
        "A server that brings a byte now and then is waited for.",
        "tests/e2e/test_silence.py::test_a_server_that_brings_a_row_now_and_then_is_not_given_up",
        "sources/postgresql/watch.py",
        "        return sent is not None and before is not None and sent != before",
        "        return False",
    ),
    P(
        READING,
        "A proof that the server works at is waited for, though it sends nothing until its end.",
        "tests/e2e/test_silence.py::test_a_proof_that_the_server_works_at_is_waited_for_though_it_sends_nothing",
        "sources/postgresql/read.py",
        "                watch.answers_once = True",
        "                watch.answers_once = False",
    ),
    P(
        READING,
        "A proof whose answer is lost on the way is given up.",
        "tests/e2e/test_silence.py::test_a_proof_whose_answer_is_lost_on_the_way_is_given_up",
        "sources/postgresql/watch.py",
        "SELECT (wait_event_type IS DISTINCT FROM 'Client')::int",
        "SELECT 1",
    ),
    P(
        READING,
        "Rows that a policy would hide from the role end the run; they are not missing in silence.",
        "tests/e2e/test_settings.py::test_rows_that_a_policy_would_hide_end_the_run",
        "sources/postgresql/session.py",
        '        "row_security": "off",',
        '        "row_security": "on",',
    ),
    P(
        READING,
        "Of questions that one scan answers, each has the answer that it would have alone.",
        f"{EVIDENCE}together_they_have_the_answers_that_each_has_alone",
        "sources/postgresql/scan.py",
        "self._selected(window), (f",
        'self._selected("true"), (f',
    ),
    P(
        READING,
        "A question about the rows that fails takes no other answer with it.",
        f"{EVIDENCE}a_value_that_the_server_refuses_leaves_only_its_own_column_unanswered",
        "sources/postgresql/evidence.py",
        """        except psycopg2.DataError:
            row = None
        else:""",
        """        except psycopg2.DataError:
            return _Answers()
        else:""",
    ),
)
