"""The local BigQuery for a long run of small tests: what it answers, for a fraction of the work.

Nine tenths of its time went into its catalog, none of it into rows: DuckLake asks its own tables
before and after each statement, and `duckdb_tables()` walks over the results of all queries so far.
Here each project is a DuckDB in memory, a table that is named is looked up by its name, and what is
said of tables and jobs lies in dictionaries; a test of FOR SYSTEM_TIME AS OF, access policies or
INFORMATION_SCHEMA.JOBS needs `local-bigquery` itself. What DuckDB does with threads costs more than
it wins for a few rows, and so does most of what its optimizer tries. The options of ADD COLUMN,
which it forgets, are kept.

Run by the local BigQuery's own Python, so nothing of the project is imported.
"""

import functools
import gc
import sys
from typing import Any

WORTH_IT = frozenset(
    {
        "cte_filter_pusher",
        "cte_inlining",
        "deliminator",
        "expression_rewriter",
        "filter_pushdown",
        "in_clause",
        "limit_pushdown",
        "top_n",
        "unused_columns",
    }
)
"""Of DuckDB's optimizers those that spare small statements more than they cost, or without which
a join of some thousand rows would be a product of them."""


def serve() -> None:
    """What `local-bigquery` does, as this module's docstring says."""
    # of the other environment, and of this folder, which is where that one looks first
    import duckdb
    from catalog import (
        answer_requests_again,
        keep_in_memory,
        keep_jobs,
        keep_resources,
        look_up_by_name,
    )
    from columns import Definitions, columns_known, names_known
    from copies import know_snapshots
    from emptied import keep_what_is_emptied
    from endpoints import answer_at_once
    from full_access import list_to_those_who_see_all
    from local_bigquery.cli import main
    from local_bigquery.engine import database
    from merging import assign_json, merge_in_transactions
    from once import change_tables_in_turn, take_ids_once
    from record import record_statements
    from results import keep_results
    from statements import keep_translations

    connect = duckdb.connect
    with connect(config={"threads": 1}) as asked:
        optimizers = {name for (name,) in asked.sql("FROM duckdb_optimizers()").fetchall()}
    assert optimizers >= WORTH_IT
    settings = {"threads": 1, "disabled_optimizers": ",".join(sorted(optimizers - WORTH_IT))}

    @functools.wraps(connect)
    def with_one_thread(*args: Any, config: Any = None, **words: Any) -> Any:
        return connect(*args, config=settings | (config or {}), **words)

    duckdb.connect = with_one_thread
    sys.modules["pandas"] = None  # type: ignore[assignment]  # else looked for with each parameter
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    keep_descriptions()
    know_snapshots()
    merge_in_transactions()
    keep_what_is_emptied()
    assign_json()
    definitions = Definitions()
    keep_in_memory(definitions)
    look_up_by_name(definitions)
    keep_resources()
    keep_jobs()
    take_ids_once()
    change_tables_in_turn()
    answer_requests_again()
    list_to_those_who_see_all()
    keep_results(keep_translations())
    record_statements(columns_known(database, definitions), names_known(database, definitions))
    answer_at_once()
    main()


def keep_descriptions() -> None:
    """Give an added column the description that ADD COLUMN says, unless it has one."""
    from local_bigquery.catalog import ddl
    from sqlglot import exp

    altered = ddl._alteration

    @functools.wraps(altered)
    def described(stored: Any, action: Any, reference: Any, evaluate: Any) -> Any:
        if not isinstance(action, exp.ColumnDef):
            return altered(stored, action, reference, evaluate)
        said = ddl.options(action.find(exp.Properties), ddl.COLUMN_OPTIONS, evaluate)
        fields = [
            field.replace(**said)
            if field.name.casefold() == action.name.casefold() and not field.description
            else field
            for field in ddl.tables.fields(stored)
        ]
        return {"schema": {"fields": fields}} if said else {}

    ddl._alteration = described
