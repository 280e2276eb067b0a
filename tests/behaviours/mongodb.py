"""MongoDB, pymongo, pymongoarrow."""

from tests.behaviours.behaviour import Behaviour

SERVER = "MongoDB 6.0.5"
DRIVER = "pymongo 4.20.0"
SHOWN = "tests/mongodb/test_behaviours_mongodb.py::"

BEHAVIOURS = (
    Behaviour(
        SERVER,
        "A document can hold a field twice. Filters and projections see the first, Python shows"
        " the last.",
        "db.c.find({a: 'first'}) -- of {a: 'first', a: 'last'}, written as raw BSON",
        "A dead letter that keeps both. The server is told what to leave out, never what to take.",
        SHOWN + "test_of_a_field_that_stands_twice_the_server_sees_the_first_and_python_the_last",
        "tests/mongodb/test_projections.py::test_a_field_twice_is_told_when_others_are_left_out",
    ),
    Behaviour(
        SERVER,
        "A comparison holds within one type: `$gt` with a date never finds a text, whatever it"
        " says.",
        "https://www.mongodb.com/docs/manual/reference/method/db.collection.find/#type-bracketing",
        "Each window also asks for documents whose cursor has another type: dead letters.",
        SHOWN + "test_a_comparison_holds_within_one_type_only",
        "tests/mongodb/test_windows.py::"
        "test_documents_whose_cursor_is_of_another_type_are_told_and_never_skipped",
    ),
    Behaviour(
        SERVER,
        "Ranges and `$type` look into arrays, and two elements may meet the two ends: [1, 10] is"
        " found by `{$gt: 4, $lt: 6}`.",
        "https://www.mongodb.com/docs/manual/tutorial/query-arrays/",
        "An array in the cursor is a dead letter.",
        SHOWN + "test_a_range_is_met_by_two_different_elements_of_an_array",
        "tests/mongodb/test_guards.py::test_an_array_in_an_integer_cursor_is_a_dead_letter",
    ),
    Behaviour(
        SERVER,
        "An array sorts by its lowest element upwards and by its highest downwards.",
        "db.c.find().sort({n: -1}).limit(1) -- of {n: [1, 10]} and {n: 5}",
        "MAX of an integer cursor looks at numbers only.",
        SHOWN + "test_an_array_sorts_by_its_lowest_element_upwards_and_its_highest_downwards",
        "tests/mongodb/test_guards.py::test_max_of_an_integer_cursor_looks_into_no_array",
    ),
    Behaviour(
        SERVER,
        "Bounds of an index (`min`, `max` with `hint`) follow the order over all types, where"
        " `$gte` and `$lt` hold within one.",
        "db.c.find().hint({_id: 1}).min({_id: 1})",
        "Splits of `_id` are such bounds: ids of mixed types are tiled without a gap.",
        SHOWN + "test_bounds_of_an_index_follow_the_order_over_all_types",
        "tests/mongodb/test_splits.py::test_any_mixture_of_ids_is_read_once",
    ),
    Behaviour(
        SERVER,
        "A collection that isn't there is an empty one: a misspelt name, or one that is dropped"
        " while it is read, is no error.",
        "db.no_such_collection.find()",
        "Whether it is there is asked of the primary; one that goes ends the run.",
        SHOWN + "test_a_collection_that_is_not_there_is_an_empty_one",
        "tests/mongodb/test_faults.py::"
        "test_a_collection_that_is_dropped_while_it_is_read_is_no_empty_one",
    ),
    Behaviour(
        SERVER,
        "1 and 1.0 are one key, and an integer and a double compare by value.",
        "db.c.insertOne({_id: 1}); db.c.insertOne({_id: 1.0}) -- a duplicate",
        "A double in an integer cursor is told, since one above MAX would never be seen.",
        SHOWN + "test_an_integer_and_a_double_of_one_value_are_one_key",
        "tests/mongodb/test_splits.py::"
        "test_a_cursor_that_is_not_a_number_is_told_and_never_skipped",
    ),
    Behaviour(
        SERVER,
        "The role `read` may not ask for `splitVector`, which many readers cut a collection by.",
        "https://www.mongodb.com/docs/manual/reference/built-in-roles/#mongodb-authrole-read",
        "Cut by a sample of `_id`.",
        "",
        "tests/mongodb/test_connection.py::test_the_role_read_is_enough_for_a_window_in_splits",
    ),
    Behaviour(
        SERVER,
        "Nothing shows a reader others' open transactions; the server ends each after"
        " `transactionLifetimeLimitSeconds`, looked at every half of that.",
        "https://www.mongodb.com/docs/manual/reference/parameters/"
        "#mongodb-parameter-param.transactionLifetimeLimitSeconds",
        "A window ends one and a half times that back.",
        "",
        "tests/mongodb/test_windows.py::test_a_transaction_that_commits_after_the_run_is_not_lost",
    ),
    Behaviour(
        SERVER,
        "Through mongos `hello` has no `setName`, though each shard is a replica set.",
        "db.hello().msg -- isdbgrid",
        "A fixed guard, named in the plan; reads wait for a majority.",
        "",
        "tests/mongodb/test_guards.py::"
        "test_behind_mongos_a_fixed_guard_is_named_and_reads_are_of_a_majority",
    ),
    Behaviour(
        DRIVER,
        "The server keeps dates that Python has no year for; one of them ends the decoding of its"
        " whole batch.",
        "bson.decode(…) -- InvalidBSON: year 287396 is out of range",
        "Documents are taken apart by a decoder of our own; such a date is a dead letter.",
        SHOWN + "test_the_server_keeps_dates_that_python_has_no_year_for",
        "tests/mongodb/test_types.py::"
        "test_each_value_of_every_type_arrives_unchanged_or_is_a_dead_letter",
    ),
    Behaviour(
        DRIVER,
        "The server keeps texts that aren't UTF-8; the driver refuses to decode the document.",
        "bson.decode(…) -- InvalidBSON: 'utf-8' codec can't decode",
        "A dead letter; the documents beside it arrive.",
        SHOWN + "test_the_server_keeps_texts_that_are_not_utf8",
        "tests/mongodb/test_types.py::"
        "test_bytes_that_are_not_utf8_are_dead_letters_and_spoil_no_other",
    ),
    Behaviour(
        DRIVER,
        "`undefined` becomes None, and a symbol a text: what they were is lost.",
        r"bson.decode(b'\x08\0\0\0\x06u\0\0') -- {'u': None}",
        "Both keep their types.",
        SHOWN + "test_undefined_becomes_none_and_a_symbol_a_text",
        "tests/unit/test_bson.py::test_symbol_pointer_and_undefined_keep_their_types",
    ),
    Behaviour(
        DRIVER,
        "An option of the connection string that it doesn't know is only warned about: a misspelt"
        " `readPreference` reads from the primary.",
        "pymongo.MongoClient('mongodb://host/?readPreferense=secondary')",
        "Refused.",
        SHOWN + "test_an_option_that_the_driver_does_not_know_is_only_warned_about",
        "tests/mongodb/test_connection.py::test_an_option_that_is_not_known_is_told",
    ),
    Behaviour(
        DRIVER,
        "An ObjectId holds the second in which a client made it, before it wrote.",
        "bson.ObjectId().generation_time",
        "The window ends with the last complete second, a minute and the margin back.",
        SHOWN + "test_an_object_id_is_stamped_by_its_maker_to_the_second",
        "tests/mongodb/test_guards.py::"
        "test_object_ids_are_guarded_against_the_clocks_that_make_them",
    ),
    Behaviour(
        "pymongoarrow 1.15.0",
        "It cuts 1.9 in an integer column to 1, and reads NaN as NULL.",
        "find_arrow_all(c, {}, schema=Schema({'n': pa.int64(), 'x': pa.float64()}))",
        "Not used, but in the benchmark.",
        SHOWN + "test_pymongoarrow_cuts_doubles_and_reads_nan_as_null",
        "tests/mongodb/test_types.py::"
        "test_a_value_that_its_column_cannot_hold_is_a_dead_letter_and_the_others_arrive",
    ),
)
