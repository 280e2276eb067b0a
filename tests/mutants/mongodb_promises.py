"""The promises of MongoDB as a source."""

from tests.mutants.promises import Promise

MONGODB = "MongoDB"
P = Promise

PROMISES: tuple[Promise, ...] = (
    P(
        MONGODB,
        "A document whose cursor is of another type is read and refused, never skipped.",
        "tests/mongodb/test_windows.py::test_documents_whose_cursor_is_of_another_type_are_told_and_never_skipped",
        "sources/mongodb.py",
        '    return {"$or": [{cursor: within}, *outside(cursor, kind)["$or"]]}',
        "    return {cursor: within}",
    ),
    P(
        MONGODB,
        "All splits read one snapshot, taken after the window was chosen.",
        "tests/mongodb/test_windows.py::test_the_snapshot_is_taken_after_the_window_was_chosen",
        "sources/mongodb_inspector.py",
        "        return with_time(self._client, made, self._server)",
        "        return made",
    ),
    P(
        MONGODB,
        "A transaction that commits behind the window's end is waited for.",
        "tests/mongodb/test_windows.py::test_a_transaction_that_commits_after_the_run_is_not_lost",
        "sources/mongodb_inspector.py",
        "        if not guard or not self._server.is_set:",
        "        if True:",
    ),
    P(
        MONGODB,
        "Ranges of _id leave no document out, of whatever type its _id is.",
        "tests/mongodb/test_splits.py::test_ranges_meet_and_no_range_takes_anothers_document",
        "sources/mongodb_read.py",
        "    if split.lower is not None and split.upper is None:",
        "    if False:",
    ),
    P(
        MONGODB,
        "A field that no column was planned for is kept.",
        "tests/unit/test_bson.py::test_nothing_of_a_document_is_lost_between_columns_and_extra",
        "sources/mongodb_rows.py",
        "        holding |= elements.type != b.MISSING",
        "        holding |= False",
    ),
    P(
        MONGODB,
        "A long is a double only where it is that very number.",
        "tests/unit/test_bson.py::test_a_form_refuses_what_it_cant_hold",
        "sources/bson_values.py",
        "    odd = np.abs(doubles) >= MOST_EXACT",
        "    odd = np.abs(doubles) < 0",
    ),
    P(
        MONGODB,
        "A field that stands twice in a document is refused.",
        "tests/unit/test_bson.py::test_a_field_twice_in_a_document_is_refused_wherever_it_stands",
        "sources/bson_elements.py",
        "            if again.any():",
        "            if False:",
    ),
    P(
        MONGODB,
        "An excluded field is in no column, not among the extra ones, and in no dead letter.",
        "tests/unit/test_bson.py::test_fields_that_nothing_may_hold_stay_out_of_extra_and_of_dead_letters",
        "sources/mongodb_rows.py",
        "    known |= {name.encode() for name in layout.left_out}",
        "    known |= set()",
    ),
    P(
        MONGODB,
        "A column goes on to hold its field in the form in which it was made.",
        "tests/unit/test_bson_schema.py::test_a_column_writes_a_value_in_a_later_run_as_in_the_first",
        "auto_schema/bson_types.py",
        "    if current is not None and _holds(current, made_as):",
        "    if False:",
    ),
    P(
        MONGODB,
        "A collection that is dropped while it is read does not count as read.",
        "tests/mongodb/test_faults.py::test_a_collection_that_is_dropped_while_it_is_read_is_no_empty_one",
        "sources/mongodb_read.py",
        "        if source.collection_id and identity(now) != source.collection_id:",
        "        if False:",
    ),
    P(
        MONGODB,
        "A member that lags behind is not asked whether a collection is there.",
        "tests/mongodb/test_failover.py::test_a_collection_that_a_lagging_member_has_not_seen_is_known_all_the_same",
        "sources/mongodb_client.py",
        "    preference = ReadPreference.NEAREST if anyone else ReadPreference.PRIMARY",
        "    preference = ReadPreference.NEAREST",
    ),
    P(
        MONGODB,
        "A schema is made from a member that has caught up with the primary.",
        "tests/mongodb/test_failover.py::test_the_schema_is_what_a_secondary_shows_that_has_caught_up",
        "sources/mongodb_inspector.py",
        "        now = with_time(client, bare, server)",
        "        now = bare",
    ),
)
