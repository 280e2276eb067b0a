"""The example of a merge, run against real orders."""

from pipeline.parameters.docs import ROOT
from scheduler.files import read_schedules

EXAMPLES = ROOT / "examples"


def test_orders_are_merged_renamed_and_laid_out_as_the_example_says(sync, sql):
    (schedule,) = [
        each
        for each in read_schedules(EXAMPLES / "schedules.yaml")
        if each.name == "postgresql-orders-hourly-prod"
    ]
    parameters = {
        name: value
        for name, value in schedule.parameters.items()
        if not name.startswith(("postgresql_", "destination_", "notify_"))
    }
    parameters["transformation_config"] = (EXAMPLES / "transformation.json").read_text()
    sql(
        "CREATE TABLE orders (id int8 PRIMARY KEY, cust_id int8, ts_created timestamptz,"
        " updated_at timestamptz, card_number text, internal_note text)"
    )
    ago = "now() - interval '1 hour'"
    numbers = "generate_series(1, 3) AS n"
    sql(f"INSERT INTO orders SELECT n, 10 * n, {ago}, {ago}, '4111', 'x' FROM {numbers}")
    sync.ok(**parameters)
    sql("UPDATE orders SET cust_id = 99, updated_at = now() - interval '1 minute' WHERE id = 2")
    sync.ok(**parameters)
    assert sync.rows("id, customer_id") == [(1, 10), (2, 99), (3, 30)]
    table = sync.table()
    assert [field.name for field in table.schema] == [
        "id",
        "customer_id",
        "created_at",
        "updated_at",
    ]
    assert (table.time_partitioning.field, table.clustering_fields) == ("created_at", ["id"])
