"""A collection that was dropped and made anew since a load of it died is read anew, whole."""

from datetime import UTC, datetime, timedelta

from tests.days import runs, statuses
from tests.mongodb.test_faults import PAD, rows_of  # noqa: F401 - a fixture
from tests.mongodb.test_resume import LOAD, ROWS, gone_after


def documents(pad):
    began = datetime(2024, 1, 1, tzinfo=UTC)
    return [{"_id": n, "pad": pad, "changed": began + timedelta(hours=n)} for n in range(ROWS)]


def test_a_collection_that_was_made_anew_is_read_anew(sync, docs, alone, rows_of, caplog):  # noqa: F811
    docs.insert_many(documents(PAD))
    docs.create_index("changed")
    with gone_after(alone, 3, rows_of.next):
        assert sync(**LOAD).code == 3
    assert runs(sync)[0]["rows_read"] > 0
    docs.drop()
    docs.insert_many(documents("new"))
    docs.create_index("changed")
    sync.ok(**LOAD)
    assert "planned now, it has another table" in caplog.text
    assert statuses(sync) == ["failed", "succeeded"]
    assert sync.rows("MIN(pad), MAX(pad), COUNT(*), COUNT(DISTINCT _id)") == [
        ("new", "new", ROWS, ROWS)
    ]
