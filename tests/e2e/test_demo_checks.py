"""`make demo SOURCE=checks`: a bad row stops a publish, and is then put aside."""

import subprocess

from demo.checked import demo_checks
from demo.run import main_here
from demo.servers import ROOT


def test_a_bad_airport_is_kept_back_and_then_put_aside(target, client, dataset, tmp_path):
    shown, errors = [], []

    def launch(title, command, code):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        errors.append(done.stderr)

    name = f"{dataset}_demo"
    command = main_here(target.environ)
    assert demo_checks(target, command, launch, shown.append, tmp_path, name)
    assert "accepted_range_airports_lat (dbt_utils.accepted_range) fails 1 times" in errors[1]
    ((reason,),) = client.query_and_wait(f"SELECT reason FROM {name}.airports_dead_letters")
    assert reason == "check accepted_range_airports_lat"
