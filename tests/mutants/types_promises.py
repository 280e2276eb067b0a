"""Promises about the types of PostgreSQL that are not its own."""

from tests.mutants.promises import VALUES, P, Promise

UNKNOWN = "tests/e2e/test_unknown_types.py::"
EXTENSIONS = "tests/extensions/test_extension_types.py::"

PROMISES: tuple[Promise, ...] = (
    P(
        VALUES,
        "A type of one's own that is called like an extension's is not taken for it.",
        EXTENSIONS + "test_an_own_type_called_like_an_extensions_is_not_taken_for_it",
        "sources/postgresql/types.py",
        'f"{quote(self.schema)}.{self.name}"',
        'f"{self.schema}.{self.name}"',
    ),
    P(
        VALUES,
        "A type without a form in BigQuery arrives as its own text, whatever casts it has.",
        UNKNOWN
        + "test_a_type_that_nothing_is_known_of_arrives_as_its_own_text_and_the_plan_names_it",
        "auto_schema/postgresql_extensions.py",
        '"CASE WHEN {c} IS NOT NULL THEN pg_catalog.concat({c}) END"',
        '"{c}::text"',
    ),
    P(
        VALUES,
        "The plan names each column whose type has no form in BigQuery.",
        UNKNOWN
        + "test_a_type_that_nothing_is_known_of_arrives_as_its_own_text_and_the_plan_names_it",
        "smart_sync/advice.py",
        "for column in schema if column.is_own_text]",
        "for column in schema if column.is_own_text][:1]",
    ),
    P(
        VALUES,
        "No part of a composite is written by a cast to JSON of its own, which may round it.",
        UNKNOWN + "test_a_composite_arrives_as_text_where_a_cast_of_its_own_would_write_a_part",
        "sources/postgresql/types.py",
        "*row.parts]",
        "]",
    ),
    P(
        VALUES,
        "An integer of any length is a number only while the data fit one of BigQuery's.",
        EXTENSIONS
        + "test_an_integer_of_any_length_is_a_bignumeric_while_all_fit_and_a_later_one_a_dead_letter",
        "sources/postgresql/scan.py",
        "max(length(ltrim({name}::text, '-')))",
        "min(length(ltrim({name}::text, '-')))",
    ),
    P(
        VALUES,
        "A column that comes to the source later, or goes, changes no name that a run gave.",
        "tests/unit/test_renaming.py::test_one_of_two_that_is_left_alone_keeps_the_name_that_it_was_given",
        "auto_schema/names.py",
        "(hashed not in there and (counts[folded] == 1 or folded in unowned))",
        "(counts[folded] == 1 or folded in unowned)",
    ),
    P(
        VALUES,
        "One message mends all names that BigQuery refuses, and no two of the new ones are alike.",
        "tests/unit/test_renaming.py::test_the_mends_of_two_names_that_differ_in_letters_that_are_refused_are_told_apart",
        "auto_schema/names.py",
        "        taken.add(new.casefold())",
        "        taken.add(new)",
    ),
    P(
        VALUES,
        "The plan says that old rows keep NULL where the source gave them a new column's DEFAULT.",
        "tests/e2e/test_backfill_columns.py::test_the_plan_says_that_old_rows_have_not_the_default_of_a_new_column",
        "sources/postgresql/catalog.py",
        "known is not None and known.has_default",
        "False",
    ),
    P(
        VALUES,
        "A shape that is no GEOGRAPHY is a dead letter with its text, never NULL or another place.",
        "tests/extensions/test_places.py::test_a_later_value_that_is_no_geography_is_a_dead_letter",
        "auto_schema/conform.py",
        "pc.invert(pc.starts_with(array, postgis.HEX_BEGINS))",
        "pc.equal(array, postgis.HEX_BEGINS)",
    ),
    P(
        VALUES,
        "A text of a shape has every digit of its coordinates.",
        "tests/extensions/test_places.py::test_a_column_with_any_other_value_is_text_that_rounds_nothing",
        "auto_schema/postgis.py",
        "_EVERY_DIGIT = 400",
        "_EVERY_DIGIT = 14",
    ),
    P(
        VALUES,
        "Edges of a geometry stay straight on the map.",
        "tests/extensions/test_places.py::test_edges_of_a_geometry_stay_straight_on_the_map_and_those_of_a_geography_are_geodesics",
        "auto_schema/schema.py",
        '", planar => TRUE" if is_planar else ""',
        '""',
    ),
)
