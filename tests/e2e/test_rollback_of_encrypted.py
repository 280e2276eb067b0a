"""A table that is encrypted by a key of its own stays so, and so does what is kept of it."""

from google.cloud import bigquery

from tests.orders import ORDERS, SMART
from tests.sync import PROJECT

KEY = "projects/keys/locations/us/keyRings/ring/cryptoKeys/orders"


def copies(sent_jobs):
    """Operation and key of each copy job that was sent."""
    sent = [job["configuration"]["copy"] for job in sent_jobs if "copy" in job["configuration"]]
    return [
        (one["operationType"], one.get("destinationEncryptionConfiguration", {}).get("kmsKeyName"))
        for one in sent
    ]


def test_snapshot_and_restored_table_are_encrypted_as_the_table_is(sync, sql, sent_jobs):
    sql(ORDERS)
    fields = [bigquery.SchemaField("id", "INT64"), bigquery.SchemaField("updated_at", "TIMESTAMP")]
    table = bigquery.Table(f"{PROJECT}.{sync.dataset}.t", schema=fields)
    table.encryption_configuration = bigquery.EncryptionConfiguration(KEY)
    sync.client.create_table(table)
    for number in (1, 2):
        sql("INSERT INTO orders VALUES (%s, now() - interval '1 hour' * %s)", number, 5 - number)
        sync.ok(**SMART, keep_snapshots="true")
    sync.ok(**SMART, rollback_run=sync.history()[-1]["run_id"])
    assert copies(sent_jobs) == [("SNAPSHOT", KEY), ("SNAPSHOT", KEY), ("RESTORE", KEY)]
    assert sync.rows("id") == [(1,)]


def test_of_a_table_that_google_encrypts_no_key_is_named(sync, sql, sent_jobs):
    sql(ORDERS)
    for number in (1, 2):
        sql("INSERT INTO orders VALUES (%s, now() - interval '1 hour' * %s)", number, 5 - number)
        sync.ok(**SMART, keep_snapshots="true")
    sync.ok(**SMART, rollback_run=sync.history()[-1]["run_id"])
    assert copies(sent_jobs) == [("SNAPSHOT", None), ("RESTORE", None)]
