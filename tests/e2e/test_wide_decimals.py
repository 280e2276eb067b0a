"""A number that its column can't hold is a dead letter, however many digits it has."""

NUMBERS = ("1e45", "999999999999999999990000000000000000000000", "-1e45", "1e39", "1e29", "1e60")


def test_a_number_beyond_numeric_is_never_another_number(sync, sql):
    sql("CREATE TABLE s (id int PRIMARY KEY, n numeric)")
    sql("INSERT INTO s VALUES (1, 5)")
    table = f"{sync.client.project}.{sync.dataset}.t"
    sync.client.query_and_wait(f"CREATE TABLE `{table}` (id INT64, n NUMERIC)")
    sql(f"INSERT INTO s VALUES {', '.join(f'({at}, {n})' for at, n in enumerate(NUMBERS, 2))}")
    sync.ok(postgresql_query="SELECT * FROM s", max_dead_letters=f"{len(NUMBERS)}")
    assert [(row[0], int(row[1])) for row in sync.rows()] == [(1, 5)]
    letters = sync.rows("JSON_VALUE(raw_row, '$.id'), column_name, reason", "t_dead_letters")
    assert [(int(at), column) for at, column, _ in letters] == [(at, "n") for at in range(2, 8)]
    assert all("at most 29 digits before and 9 after the point" in reason for *_, reason in letters)
