"""What the tests' local BigQuery keeps of a statement never answers for another."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from google.api_core.exceptions import BadRequest, NotFound
from google.cloud import bigquery

from tests.sync import PROJECT


@pytest.fixture
def other(client: bigquery.Client, dataset: str) -> Iterator[str]:
    """A second dataset, whose name is as long as the first one's."""
    name = f"{dataset.partition('_')[0]}_{'9' * len(dataset.partition('_')[2])}"
    client.create_dataset(f"{PROJECT}.{name}")
    yield name
    client.delete_dataset(f"{PROJECT}.{name}", delete_contents=True)


def made(client: bigquery.Client, dataset: str, columns: str, values: str) -> None:
    client.query_and_wait(f"CREATE TABLE `{PROJECT}.{dataset}.t` ({columns})")
    client.query_and_wait(f"INSERT INTO `{PROJECT}.{dataset}.t` VALUES {values}")


def values(client: bigquery.Client, dataset: str, what: str = "x + 1") -> list[object]:
    sql = f"SELECT {what} FROM `{PROJECT}.{dataset}.t` ORDER BY 1"
    return [row[0] for row in client.query_and_wait(sql)]


def test_a_statement_reads_the_dataset_it_names(
    client: bigquery.Client, dataset: str, other: str
) -> None:
    made(client, dataset, "x INT64", "(1), (2)")
    made(client, other, "x INT64", "(7)")
    for _ in range(2):
        assert values(client, dataset) == [2, 3]
        assert values(client, other) == [8]


def test_the_same_text_over_other_types_is_translated_anew(
    client: bigquery.Client, dataset: str, other: str
) -> None:
    made(client, dataset, "x INT64", "(1)")
    made(client, other, "x NUMERIC", "(1.5)")
    for _ in range(2):
        assert values(client, dataset) == [2]
        assert values(client, other) == [Decimal("2.5")]


def test_a_column_that_became_another_is_seen(client: bigquery.Client, dataset: str) -> None:
    made(client, dataset, "x INT64", "(1)")
    assert values(client, dataset, "AVG(x)") == [1.0]
    client.query_and_wait(f"CREATE OR REPLACE TABLE `{PROJECT}.{dataset}.t` (x NUMERIC)")
    client.query_and_wait(f"INSERT INTO `{PROJECT}.{dataset}.t` VALUES (0.1)")
    assert values(client, dataset, "AVG(x)") == [Decimal("0.1")]


def test_an_error_names_the_statements_own_dataset(
    client: bigquery.Client, dataset: str, other: str
) -> None:
    made(client, dataset, "x INT64", "(1)")
    values(client, dataset)
    with pytest.raises(NotFound, match=f"{PROJECT}:{other}.t"):
        values(client, other)
    made(client, other, "y INT64", "(1)")
    with pytest.raises(BadRequest, match="x"):
        values(client, other)


def test_parameters_of_another_type_are_not_taken_for_the_first(
    client: bigquery.Client, dataset: str
) -> None:
    made(client, dataset, "x INT64", "(1)")
    sql = f"SELECT @p FROM `{PROJECT}.{dataset}.t`"
    for kind, value in (("INT64", 7), ("STRING", "7"), ("INT64", 8), ("STRING", "8")):
        parameters = [bigquery.ScalarQueryParameter("p", kind, value)]
        config = bigquery.QueryJobConfig(query_parameters=parameters)
        assert [row[0] for row in client.query_and_wait(sql, job_config=config)] == [value]


def test_a_statement_changes_its_own_dataset_and_tells_how_many_rows(
    client: bigquery.Client, dataset: str, other: str
) -> None:
    made(client, dataset, "x INT64", "(1), (2)")
    made(client, other, "x INT64", "(1)")
    for name, changed in ((dataset, 2), (other, 1)):
        job = client.query(f"UPDATE `{PROJECT}.{name}.t` SET x = x + 10 WHERE x < 10")
        job.result()
        assert job.num_dml_affected_rows == changed
        assert [f"{table.dataset_id}.{table.table_id}" for table in job.referenced_tables] == [
            f"{name}.t"
        ]
    assert values(client, dataset, "x") == [11, 12]
    assert values(client, other, "x") == [11]


def test_a_result_comes_in_pages_and_again(client: bigquery.Client) -> None:
    job = client.query("SELECT n, STRUCT(n AS a, [n] AS b) AS s FROM UNNEST([3, 1, 2]) AS n")
    for size in (2, 3, 100):
        pages = list(job.result(page_size=size).pages)
        assert [row["n"] for page in pages for row in page] == [3, 1, 2]
    assert [field.field_type for field in job.result().schema] == ["INTEGER", "RECORD"]
    assert job.result(max_results=1).total_rows == 3


@pytest.mark.parametrize("count", [5, 2_500])
def test_rows_of_an_answer_go_on_in_pages_be_they_few_or_many(
    client: bigquery.Client, count: int
) -> None:
    numbers = f"SELECT n, TIMESTAMP_SECONDS(n) AS t FROM UNNEST(GENERATE_ARRAY(1, {count})) AS n"
    asked = client.query_and_wait(f"{numbers} ORDER BY n DESC", page_size=2 if count < 10 else 900)
    assert [row.n for row in asked] == list(range(count, 0, -1))
    assert asked.total_rows == count


def test_a_question_that_is_none_is_refused_each_time(client: bigquery.Client) -> None:
    for _ in range(2):
        with pytest.raises(BadRequest, match=r"[Ss]yntax error"):
            client.query_and_wait("SELECT 1 AS a FROM WHERE a")
