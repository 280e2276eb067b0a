"""json_numbers=exact with a source in BigQuery: its JSON prints as it does, so all of it passes."""

import pytest

from tests.bigquery.test_types import WAYS, made
from tests.sync import PROJECT

NUMBERS = ("67.174118", "0.1", "1e23", "1e300", "5e-324", "-0.0", "18446744073709551615")
DOCS = [f"PARSE_JSON('[{number}]', wide_number_mode=>'round')" for number in NUMBERS]


@pytest.mark.parametrize("way", ["in_place", "in_place_staged", "workers"])
def test_json_that_bigquery_holds_already_passes_json_numbers_exact(sync, run, client, source, way):
    run(made({"doc": ("JSON", [*DOCS, "JSON 'null'"])}))

    sync.ok(**WAYS[way], json_numbers="exact", max_dead_letters="0")

    texts = "SELECT id, TO_JSON_STRING(doc) FROM `{}` ORDER BY id"
    theirs = client.query_and_wait(texts.format(f"{PROJECT}.{source}.s"))
    assert sync.rows("id, TO_JSON_STRING(doc)") == [tuple(row) for row in theirs]
    assert len(sync.rows("id")) == len(NUMBERS) + 2, "one more, of NULL in all"
