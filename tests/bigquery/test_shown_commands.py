"""The commands on BigQuery that the documents show, run as they stand but for what they name."""

from pipeline.cli import main
from tests.shown import replaced, run_by
from tests.sync import PROJECT, this_test


def test_commands_of_bigquery_end_well(sync, run, source, capsys):
    run("CREATE TABLE `{s}`.user_events (id INT64, created_at TIMESTAMP)")
    run("INSERT INTO `{s}`.user_events VALUES (1, '2025-01-01'), (2, '2025-01-02')")
    values = {
        "gs://my-bucket/tmp": str(sync.temp),
        "source-data-project": PROJECT,
        "raw_data": source,
        "my-project": PROJECT,
        "bigquery_dataset=shop": f"bigquery_dataset={sync.dataset}",
    }
    planned, by_uri = run_by(this_test())
    assert main(replaced(planned.words[2:], values)) == 0
    assert f"Makes {sync.dataset}.user_events with rows" in capsys.readouterr().out
    rest = {n: t for n, t in sync.defaults.items() if n.startswith(("dest", "temp", "runner"))}
    words = [f"--{name}={text}" for name, text in rest.items() if text]
    assert main([*replaced(by_uri.words, values), *words]) == 0
    assert sync.rows("id") == [(1,), (2,)]
