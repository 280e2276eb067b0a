"""I/O. The field that marks deleted documents, which a sample may well not show: few have it."""

from dataclasses import replace
from typing import Any

from pymongo.errors import ExecutionTimeout

from auto_schema.bson_fields import FieldSample
from auto_schema.errors import shown
from sources.mongodb.extended_json import Document
from sources.mongodb.sample import Sample

MOST_DOCUMENTS = 1_000
LONGEST_MS = 10_000
"""Without an index the server looks at all documents, to find that none has the field."""


def with_marks(
    sample: Sample, collection: Any, field: str, asked: Document
) -> tuple[Sample, tuple[str, ...]]:
    """The sample with what documents that are marked have in that field, and a note if none is.

    Args:
        sample: of the collection.
        collection: that is asked, where no document of the sample has a value there.
        field: its path; empty: none marks.
        asked: the operator's filter.
    """
    if not field or (field in sample.fields and sample.fields[field].types):
        return sample, ()
    counts = _types(collection, field, asked) if sample.documents else {}
    if not counts:
        note = f"no document is known that has {shown(field)}: it is taken for a date"
        return sample, (note,)
    return replace(sample, fields={**sample.fields, field: FieldSample(counts)}), ()


def _types(collection: Any, field: str, asked: Document) -> dict[str, int]:
    """How many of the documents that have the field have it in which type."""
    there: Document = {field: {"$nin": [None]}}
    stages: list[Document] = [
        {"$match": {"$and": [asked, there]} if asked else there},
        {"$limit": MOST_DOCUMENTS},
        {"$group": {"_id": {"$type": f"${field}"}, "count": {"$sum": 1}}},
    ]
    try:
        groups = list(collection.aggregate(stages, maxTimeMS=LONGEST_MS))
    except ExecutionTimeout:
        return {}
    return {str(group["_id"]): int(group["count"]) for group in groups}
