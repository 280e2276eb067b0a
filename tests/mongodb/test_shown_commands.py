"""The commands on MongoDB that the documents show, run as they stand but for what they name."""

from datetime import UTC, datetime

from pipeline.cli import main
from tests.shown import replaced, run_by
from tests.sync import PROJECT, this_test


def test_commands_of_mongodb_end_well(sync, docs, mongodb, capsys):
    docs.insert_many(
        {"_id": n, "status": status, "updated_at": datetime(2025, 1, n, tzinfo=UTC)}
        for n, status in ((1, "draft"), (2, "placed"))
    )
    planned, by_uri = run_by(this_test())
    name = docs.database.name
    values = {
        "gs://my-bucket/tmp": str(sync.temp),
        "projects/my-project/secrets/mongodb-uri/versions/latest": mongodb.url,
        "--mongodb_database=shop": f"--mongodb_database={name}",
        "--mongodb_collection=orders": f"--mongodb_collection={docs.name}",
        "my-project": PROJECT,
        "bigquery_dataset=shop": f"bigquery_dataset={sync.dataset}",
        "mongodb+srv://reader@cluster0.example.net/shop": f"{mongodb.url.rstrip('/')}/{name}",
    }
    assert main(replaced(planned.words[2:], values)) == 0
    assert f"{sync.dataset}.orders" in capsys.readouterr().out
    rest = {n: t for n, t in sync.defaults.items() if "mongodb_" not in n and n != "data_source"}
    words = [f"--{n}={t}" for n, t in {**rest, "mongodb_collection": docs.name}.items() if t]
    assert main([*replaced(by_uri.words, values), *words]) == 0
    assert sync.rows("_id, status") == [(1, "draft"), (2, "placed")]
