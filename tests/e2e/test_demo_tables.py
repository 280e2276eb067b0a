"""`make demo SOURCE=tables` on fewer flights: five tables, two launches, proof for each."""

import subprocess

from demo.many import demo_tables
from demo.run import main_here
from demo.servers import ROOT


def test_five_tables_are_the_same_on_both_sides_after_two_launches(
    target, client, dataset, tmp_path
):
    shown, outputs = [], []

    def launch(title, command):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout)
        return 0.0

    command = main_here(target.environ)
    name = f"{dataset}_demo"
    assert demo_tables(target, command, launch, shown.append, tmp_path, name, most_flights=400)
    plan, first, second = (text.splitlines() for text in outputs)
    assert plan[-1].startswith("5 of 5 tables, about ")
    assert any(line.startswith("fits: Cloud Run about ") for line in plan)
    assert first[-1].startswith("5 of 5 tables succeeded: ")
    published = {line.split()[0]: line.split()[3] for line in second if line.startswith("air.")}
    assert {name for name, rows in published.items() if rows == "0"} == {
        "air.airlines",
        "air.weather",
    }
    assert published["air.airports"] == "4"
    sums = f"SELECT tables, succeeded, failed FROM {name}.sync_batches_latest"
    assert [tuple(row) for row in client.query_and_wait(sums)] == [(5, 5, 0)] * 2
