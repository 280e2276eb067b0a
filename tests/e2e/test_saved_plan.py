"""A plan that was saved runs as it is, or not at all: what has moved since is named."""

import hashlib
import json
from pathlib import Path

import pytest

from pipeline.command.main import main
from pipeline.launch.saved_plan import TOLD
from tests.sync import PASSWORD, Result

TABLE = "CREATE TABLE s (id int PRIMARY KEY, name text, updated_at timestamptz NOT NULL)"
ROWS = (
    "INSERT INTO s SELECT n, 'n', timestamptz '2024-01-01' + n * interval '1 minute'"
    " FROM generate_series({}, {}) n"
)
SMART = {"postgresql_query": "SELECT * FROM s", "enable_smart_sync": "true", "plan_detail": None}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "orders.plan"


@pytest.fixture
def command(sync, capsys):
    """The command with a subcommand, a flag of it, and parameters."""

    def run(*words, **parameters):
        code = main([*words, *sync.argv(**{**SMART, **parameters})])
        told = capsys.readouterr()
        assert PASSWORD not in told.out + told.err
        return Result(code, told.out, told.err)

    return run


@pytest.fixture
def saved(sync, sql, file, command):
    """Rows that were synced, rows that are new, and a plan of these in a file."""
    sql(TABLE)
    sql(ROWS.format(1, 5))
    sync.ok(**SMART)
    sql(ROWS.format(6, 8))
    told = command("plan", "--save", str(file))
    assert told.code == 0, told.err
    return told


def test_a_saved_plan_runs_over_the_window_that_was_shown(sync, sql, command, file, saved):
    sql(ROWS.format(100_000_000, 100_000_000))  # stamped centuries later: in no window of now
    told = command("run", "--plan", str(file))
    assert told.code == 0, told.err
    assert told.out.startswith("succeeded: 3 rows read, 3 published")
    facts = json.loads(file.read_text())["facts"]["noted"]
    run = sync.history()[-1]
    high = facts["window"][1][1].replace("T", " ").removesuffix("+00:00")
    assert (run["window_start"], run["window_end"]) == ("2024-01-01 00:05:00", high)
    assert [row[0] for row in sync.rows("id")] == list(range(1, 9))


def test_rows_that_come_later_are_left_to_the_next_run(sync, sql, command, file, saved):
    sql("INSERT INTO s VALUES (9, 'late', clock_timestamp() - interval '10 s')")
    assert command("run", "--plan", str(file)).code == 0
    sync.ok(**SMART, smart_sync_margin="0s")
    assert [row[0] for row in sync.rows("id")] == list(range(1, 10))


MOVED = {
    "the window's start": (
        "window start: the destination has changed since it was planned: its MAX was"
        " 2024-01-01 00:05:00, and is 2024-01-01 00:08:00",
        lambda sync, sql: sync.ok(**SMART),
    ),
    "a column more": (
        "column more was added",
        lambda sync, sql: sql("ALTER TABLE s ADD COLUMN more int"),
    ),
    "a column less": (
        "column name is gone",
        lambda sync, sql: sql("ALTER TABLE s DROP COLUMN name"),
    ),
    "a type": (
        "column id is bigint → INT64, and was integer → INT64",
        lambda sync, sql: sql("ALTER TABLE s ALTER COLUMN id TYPE int8"),
    ),
    "a column of the destination less": (
        "column name of the destination would be added",
        lambda sync, sql: sync.client.query_and_wait(
            f"ALTER TABLE {sync.dataset}.t DROP COLUMN name"
        ),
    ),
    "a column of the destination under another name": (
        "column name of the destination would be added",
        lambda sync, sql: sync.client.query_and_wait(
            f"ALTER TABLE {sync.dataset}.t RENAME COLUMN name TO nom"
        ),
    ),
    "the source's table": (
        "the source's table was replaced or has other partitions, all of its rows were",
        lambda sync, sql: (
            sql("CREATE TABLE other (LIKE s INCLUDING ALL)"),
            sql("ALTER TABLE s RENAME TO old"),
            sql("ALTER TABLE other RENAME TO s"),
        ),
    ),
}


@pytest.mark.parametrize("what", MOVED)
def test_what_has_moved_is_named_and_nothing_is_published(sync, sql, command, file, saved, what):
    text, move = MOVED[what]
    move(sync, sql)
    before = sync.rows("id")
    told = command("run", "--plan", str(file))
    assert told.code == 2
    line = told.err.splitlines()[-1]
    assert "the facts have moved since the plan was saved" in line
    assert text in line
    assert sync.rows("id") == before


def test_a_column_that_was_to_be_added_and_is_there_has_moved(sync, sql, command, file):
    sql(TABLE)
    sql(ROWS.format(1, 5))
    sync.ok(**SMART)
    sql("ALTER TABLE s ADD COLUMN more int")
    sql(ROWS.format(6, 8).replace("SELECT n,", "(id, name, updated_at) SELECT n,"))
    assert command("plan", "--save", str(file)).code == 0
    sync.client.query_and_wait(f"ALTER TABLE {sync.dataset}.t ADD COLUMN more INT64")
    told = command("run", "--plan", str(file))
    assert (told.code, len(sync.rows("id"))) == (2, 5)
    assert "column more of the destination would be added no more" in told.err


def test_a_destination_that_was_replaced_is_another_table(sync, sql, command, file):
    sql(TABLE)
    sql(ROWS.format(1, 5))
    assert command("plan", "--save", str(file)).code == 0
    sync.client.query_and_wait(
        f"CREATE TABLE {sync.dataset}.t (id INT64, name STRING, updated_at TIMESTAMP)"
    )
    told = command("run", "--plan", str(file))
    assert told.code == 2
    assert "the destination is another table: it was made 20" in told.err
    assert "and it was missing when it was planned" in told.err


def test_parameters_that_differ_are_named_before_anything_is_asked(sync, command, file, saved):
    runs = len(sync.history())
    told = command("run", "--plan", str(file), smart_sync_margin="1m", postgresql_port="1")
    assert told.code == 2
    line = told.err.splitlines()[-1]
    assert "postgresql_port is given otherwise; smart_sync_margin is given, and was not" in line
    assert len(sync.history()) == runs


def test_a_file_that_was_changed_or_is_of_another_version_is_refused(command, file, saved):
    told = json.loads(file.read_text())
    for change, why in {
        '"sync": 1': "it isn't JSON that smart-sync plan --save writes",
        json.dumps(told | {"smart_sync_plan": 2}): "its form is 2, and this version writes 1",
        json.dumps(told | {"plan": {}}): "it was changed since it was saved",
    }.items():
        file.write_text(change)
        result = command("run", "--plan", str(file))
        assert (result.code, why in result.err) == (2, True), result.err


def test_a_plan_of_another_version_is_refused(command, file, saved, monkeypatch):
    monkeypatch.setattr("pipeline.launch.saved_plan.VERSION", "9.9.9")
    told = command("run", "--plan", str(file))
    assert (told.code, "version 0.1.0 has saved it, and this is 9.9.9" in told.err) == (2, True)


def test_a_plan_alone_is_told_to_lack_its_parameters(file, capsys):
    code = main(["run", f"--plan={file}"])
    told = capsys.readouterr().err
    assert (code, "such as --config=FILE" in told) == (2, True), told
    assert "missing parameter" not in told


def test_the_file_holds_no_secret_and_only_its_owner_may_read_it(file, saved):
    text = file.read_text()
    assert PASSWORD not in text
    assert hashlib.sha256(PASSWORD.encode()).hexdigest()[:32] not in text
    names = list(json.loads(text)["facts"]["parameters"])
    assert "postgresql_database" in names
    assert not [name for name in names if "password" in name]
    assert file.stat().st_mode & 0o777 == 0o600
    assert saved.out.splitlines()[0] in json.loads(text)["plan"]["headline"][0]


def test_how_much_is_told_may_differ(command, file, saved):
    assert "plan_detail" in TOLD
    assert command("run", "--plan", str(file), plan_detail="full").code == 0


def test_a_plan_that_can_not_be_run_later_is_not_saved(command, file, sql, saved, tmp_path):
    other = tmp_path / "other.plan"
    keys = {"write_disposition": "WRITE_MERGE", "merge_keys": "id", "delete_missing": "hard"}
    told = command("plan", "--save", str(other), **keys)
    assert (told.code, "it compares both sides" in told.err) == (2, True), told.err
    assert not other.exists()
    told = command("plan", "--save", str(tmp_path / "no" / "folder"))
    assert (told.code, "the plan can't be saved" in told.err) == (2, True)
    told = command("run", "--plan", str(tmp_path / "none"))
    assert (told.code, "No such file or directory" in told.err) == (2, True)
    told = command("run", "--plan", str(file), replay_dead_letters="20250722t150000-3f9a0c1d")
    assert (told.code, "a saved plan is of one table's sync" in told.err) == (2, True)


def test_whole_tables_are_replaced_by_a_saved_plan_only_as_they_were(sync, sql, command, file):
    sql(TABLE)
    sql(ROWS.format(1, 5))
    words = {"enable_smart_sync": None, "write_disposition": "WRITE_TRUNCATE"}
    sync.ok(**{**SMART, **words})
    assert command("plan", "--save", str(file), **words).code == 0
    sync.client.query_and_wait(f"DELETE FROM {sync.dataset}.t WHERE id = 1")
    told = command("run", "--plan", str(file), **words)
    assert (told.code, "the destination has 4, and had 5" in told.err) == (2, True), told.err
    assert command("plan", "--save", str(file), **words).code == 0
    assert command("run", "--plan", str(file), **words).code == 0
    assert len(sync.rows("id")) == 5
    assert Path(file).exists()


BLIND = {"enable_smart_sync": None, "write_disposition": "WRITE_APPEND"}


def test_a_plan_that_appends_without_a_window_runs_once_only(sync, sql, command, file):
    sql(TABLE)
    sql(ROWS.format(1, 5))
    sync.ok(**{**SMART, **BLIND})
    assert command("plan", "--save", str(file), **BLIND).code == 0
    assert command("run", "--plan", str(file), **BLIND).code == 0
    told = command("run", "--plan", str(file), **BLIND)
    assert (told.code, "the destination has 10, and had 5" in told.err) == (2, True), told.err
    assert [row[0] for row in sync.rows("id")] == [n for n in range(1, 6) for _ in range(2)]


def test_a_view_that_is_another_since_the_plan_was_saved_is_not_read(sync, sql, command, file):
    sql(TABLE)
    sql(ROWS.format(1, 5))
    sql("CREATE VIEW inner_one AS SELECT * FROM s; CREATE VIEW v AS SELECT * FROM inner_one")
    words = {"postgresql_query": "SELECT * FROM v"}
    assert command("plan", "--save", str(file), **words).code == 0
    sql("CREATE OR REPLACE VIEW inner_one AS SELECT * FROM s WHERE id > 3")
    told = command("run", "--plan", str(file), **words)
    assert (told.code, "or a view has another query" in told.err) == (2, True), told.err
    assert command("plan", "--save", str(file), **words).code == 0
    assert command("run", "--plan", str(file), **words).code == 0
    assert [row[0] for row in sync.rows("id")] == [4, 5]
