"""Which of GoogleSQL's language features BigQuery has; all others are off.

GoogleSQL is one language of several products, and each has its own list. Google publishes
BigQuery's in its toolkit for analyzing BigQuery's SQL; what came later is taken from BigQuery's
reference. Where neither says so, a feature is off: a statement is then refused here that BigQuery
may take, never the other way round.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from zetasql.wasi._pb2.zetasql.proto import options_pb2 as proto
from zetasql.wasi._pb2.zetasql.public import options_pb2
from zetasql.wasi._pb2.zetasql.resolved_ast import resolved_node_kind_pb2

TOOLKIT = (
    "https://github.com/GoogleCloudPlatform/zetasql-toolkit: BigQueryLanguageOptions.java, 087e7993"
)
REFERENCE = "https://cloud.google.com/bigquery/docs/reference/standard-sql/"

ON: Mapping[str, str] = MappingProxyType(
    {
        TOOLKIT: """
            ADDITIONAL_STRING_FUNCTIONS ALLOW_DASHES_IN_TABLE_NAME
            ALLOW_MISSING_PATH_EXPRESSION_IN_ALTER_DDL ALLOW_REGEXP_EXTRACT_OPTIONALS
            ALTER_COLUMN_SET_DATA_TYPE ALTER_TABLE_RENAME_COLUMN ANALYTIC_FUNCTIONS
            ANNOTATION_FRAMEWORK ANONYMIZATION ARRAY_AGGREGATION_FUNCTIONS BIGNUMERIC_TYPE CASE_STMT
            CBRT_FUNCTIONS CIVIL_TIME COLLATION_SUPPORT COLUMN_DEFAULT_VALUE CONCAT_MIXED_TYPES
            CREATE_EXTERNAL_TABLE_WITH_CONNECTION CREATE_EXTERNAL_TABLE_WITH_PARTITION_COLUMNS
            CREATE_EXTERNAL_TABLE_WITH_TABLE_ELEMENT_LIST CREATE_MATERIALIZED_VIEW_CLUSTER_BY
            CREATE_MATERIALIZED_VIEW_PARTITION_BY CREATE_SNAPSHOT_TABLE
            CREATE_TABLE_AS_SELECT_COLUMN_LIST CREATE_TABLE_CLONE CREATE_TABLE_CLUSTER_BY
            CREATE_TABLE_COPY CREATE_TABLE_FIELD_ANNOTATIONS CREATE_TABLE_FUNCTION CREATE_TABLE_LIKE
            CREATE_TABLE_NOT_NULL CREATE_TABLE_PARTITION_BY CREATE_VIEW_WITH_COLUMN_LIST
            DATE_ARITHMETICS DATE_TIME_CONSTRUCTORS DECIMAL_ALIAS DML_UPDATE_WITH_JOIN ENCRYPTION
            EXTENDED_DATE_TIME_SIGNATURES EXTENDED_GEOGRAPHY_PARSERS FOREIGN_KEYS FORMAT_IN_CAST
            FOR_IN GEOGRAPHY GROUPING_BUILTIN GROUPING_SETS GROUP_BY_ALL GROUP_BY_ROLLUP
            HAVING_IN_AGGREGATE INTERVAL_TYPE INVERSE_TRIG_FUNCTIONS IS_DISTINCT
            JSON_ARRAY_FUNCTIONS JSON_TYPE JSON_VALUE_EXTRACTION_FUNCTIONS LIKE_ANY_SOME_ALL
            LIMIT_IN_AGGREGATE NAMED_ARGUMENTS NULLS_FIRST_LAST_IN_ORDER_BY
            NULL_HANDLING_MODIFIER_IN_AGGREGATE NULL_HANDLING_MODIFIER_IN_ANALYTIC NUMERIC_TYPE
            OMIT_INSERT_COLUMN_LIST ORDER_BY_IN_AGGREGATE PARAMETERIZED_TYPES
            PARAMETERS_IN_GRANTEE_LIST PIVOT QUALIFY REMOTE_FUNCTION REMOTE_MODEL REPEAT
            ROUND_WITH_ROUNDING_MODE SAFE_FUNCTION_CALL SCRIPT_LABEL SELECT_STAR_EXCEPT_REPLACE
            TABLESAMPLE TABLE_VALUED_FUNCTIONS TEMPLATE_FUNCTIONS TIME_BUCKET_FUNCTIONS
            UNENFORCED_PRIMARY_KEYS UNNEST_AND_FLATTEN_ARRAYS UNPIVOT WEEK_WITH_WEEKDAY
            WITH_GROUP_ROWS WITH_ON_SUBQUERY WITH_RECURSIVE
        """,
        "query-syntax#for_system_time_as_of": "FOR_SYSTEM_TIME_AS_OF",
        "query-syntax#sequences_of_joins": "ALLOW_CONSECUTIVE_ON",
        "query-syntax#group_by_grouping_item": "GROUP_BY_STRUCT GROUP_BY_ARRAY",
        "query-syntax#by_name_or_corresponding": "BY_NAME CORRESPONDING CORRESPONDING_FULL",
        "query-syntax#dp_clause": """
            DIFFERENTIAL_PRIVACY DIFFERENTIAL_PRIVACY_MAX_ROWS_CONTRIBUTED
            DIFFERENTIAL_PRIVACY_PUBLIC_GROUPS
        """,
        "query-syntax#agg_threshold_clause": "AGGREGATION_THRESHOLD",
        "query-syntax#match_recognize_clause": "MATCH_RECOGNIZE",
        "pipe-syntax": "PIPES PIPE_WITH PIPE_CALL_INPUT_TABLE",
        "collation-concepts": "ORDER_BY_COLLATE",
        "data-types#range_type": "RANGE_TYPE",
        "data-types#interval_type": "ENFORCE_MICROS_MODE_IN_INTERVAL_TYPE",
        "data-types#floating_point_types": "DISABLE_FLOAT32",
        "operators#array_subscript_operator": "BARE_ARRAY_ACCESS",
        "operators#struct_subscript_operator": "STRUCT_POSITIONAL_ACCESSOR",
        "operators#with_expression": "WITH_EXPRESSION",
        "functions-reference#chained_function_calls": "CHAINED_FUNCTION_CALLS",
        "json_functions": """
            JSON_CONSTRUCTOR_FUNCTIONS JSON_KEYS_FUNCTION JSON_LAX_VALUE_EXTRACTION_FUNCTIONS
            JSON_MUTATOR_FUNCTIONS JSON_QUERY_LAX
        """,
        "utility-functions#typeof": "TYPEOF_FUNCTION",
        "conversion_rules#literal_coercion": "IMPLICIT_COERCION_STRING_LITERAL_TO_BYTES",
        "data-definition-language#create_table_statement": "CREATE_TABLE_WITH_CONNECTION",
        "data-definition-language#view_column_option_list": """
            CREATE_VIEWS_WITH_COLUMN_OPTIONS ALTER_VIEWS_ALTER_COLUMN_SET_OPTIONS
        """,
        "data-definition-language#create_materialized_view_as_replica_of": """
            CREATE_MATERIALIZED_VIEW_AS_REPLICA_OF
        """,
        "data-definition-language#create_external_schema_statement": "EXTERNAL_SCHEMA_DDL",
        "data-definition-language#create_procedure": "NON_SQL_PROCEDURE",
        "load-statements": "LOAD_DATA_PARTITIONS LOAD_DATA_TEMP_TABLE",
    }
)
"""Features by what says that BigQuery has them; a page's name stands under `REFERENCE`."""

REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "TIMESTAMP_NANOS": "data-types#timestamp_type: microseconds; the toolkit has it on",
        "TIMESTAMP_PICOS": "data-types#timestamp_type: microseconds",
        "ARRAY_EQUALITY": "data-types#comparable_data_types: no arrays",
        "ARRAY_ORDERING": "data-types#orderable_data_types: no arrays",
        "JSON_TYPE_COMPARISON": "data-types#groupable_data_types: no JSON",
        "CAST_DIFFERENT_ARRAY_TYPES": "conversion_functions#cast: the element type stays",
        "DML_RETURNING": "dml-syntax has no THEN RETURN",
        "INSERT_ON_CONFLICT_CLAUSE": "dml-syntax has no ON CONFLICT",
        "GENERATED_COLUMNS": "data-definition-language has no GENERATED ALWAYS AS",
        "IDENTITY_COLUMNS": "data-definition-language has no IDENTITY",
        "LIMIT_OFFSET_EXPRESSIONS": "query-syntax#limit_and_offset_clause: a literal, a parameter",
        "PROTO_BASE": "data-types: no PROTO",
        "UUID_TYPE": "data-types: no UUID",
        "MAP_TYPE": "data-types: no MAP",
    }
)
"""What a statement of ours could lean on by mistake, and what says that BigQuery hasn't it."""

STATEMENTS = """
    ALTER_MATERIALIZED_VIEW ALTER_SCHEMA ALTER_TABLE ALTER_VIEW ASSERT ASSIGNMENT AUX_LOAD_DATA
    BEGIN CALL COMMIT CREATE_EXTERNAL_TABLE CREATE_FUNCTION CREATE_INDEX CREATE_MATERIALIZED_VIEW
    CREATE_MODEL CREATE_PROCEDURE CREATE_ROW_ACCESS_POLICY CREATE_SCHEMA CREATE_SNAPSHOT_TABLE
    CREATE_TABLE CREATE_TABLE_AS_SELECT CREATE_TABLE_FUNCTION CREATE_VIEW DELETE DROP DROP_FUNCTION
    DROP_MATERIALIZED_VIEW DROP_ROW_ACCESS_POLICY DROP_SNAPSHOT_TABLE DROP_TABLE_FUNCTION
    EXECUTE_IMMEDIATE EXPORT_DATA GRANT INSERT MERGE QUERY REVOKE ROLLBACK TRUNCATE UPDATE
"""
"""Kinds of statement, from the same list of the toolkit; models and entities left out."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One of GoogleSQL's language features, and where it is said whether BigQuery has it."""

    name: str
    is_on: bool
    source: str


def features() -> tuple[Feature, ...]:
    """The whole table: all features of the package, in its order."""
    sources = {name: source for source, names in ON.items() for name in names.split()}
    return tuple(
        Feature(
            name,
            is_on=name in sources,
            source=_page(sources.get(name) or REFUSED.get(name) or "not in BigQuery's reference"),
        )
        for name in known()
    )


def _page(source: str) -> str:
    return source if source.startswith(("https:", "not ")) else REFERENCE + source


def known() -> tuple[str, ...]:
    """Names of the features that the package has, without their prefix."""
    return tuple(
        value.name.removeprefix("FEATURE_")
        for value in options_pb2.LanguageFeature.DESCRIPTOR.values
        if value.number > 0 and not value.GetOptions().deprecated
    )


def language() -> proto.LanguageOptionsProto:
    """BigQuery's dialect. DOUBLE, INT32, UINT64 and ENUM are names of the internal product only."""
    kind = resolved_node_kind_pb2.ResolvedNodeKind
    return proto.LanguageOptionsProto(
        product_mode=options_pb2.PRODUCT_EXTERNAL,
        name_resolution_mode=options_pb2.NAME_RESOLUTION_DEFAULT,
        enabled_language_features=[
            options_pb2.LanguageFeature.Value("FEATURE_" + feature.name)
            for feature in features()
            if feature.is_on
        ],
        supported_statement_kinds=[
            kind.Value(f"RESOLVED_{name}_STMT") for name in STATEMENTS.split()
        ],
        reserved_keywords=["QUALIFY"],
    )
