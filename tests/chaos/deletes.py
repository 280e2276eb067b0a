"""Writers that delete: softly, by a mark, and hard, so that nothing is left of the row."""

from typing import Any

from tests.chaos.writers import AHEAD, Writer

MARK = f"""
UPDATE orders SET version = version + 1, note = %s, updated_at = now(), deleted_at = {{}}
WHERE id IN (SELECT id FROM orders WHERE writer < {AHEAD} AND deleted_at IS {{}}
  ORDER BY random() LIMIT %s)
"""
REMOVE = f"""
DELETE FROM orders WHERE id IN (
  SELECT id FROM orders WHERE writer < {AHEAD} ORDER BY {{}} LIMIT %s) RETURNING id
"""
AGAIN = "INSERT INTO orders (id, writer, note) SELECT n, %s, %s FROM unnest(%s::bigint[]) AS n"


def marking(writer: Writer, cursor: Any) -> None:
    """Marks some rows, or takes the mark from some; perhaps in a transaction of seconds."""
    rows = writer.random.randint(1, 12)
    deletes = writer.random.random() < 0.7
    text = MARK.format("now()", "NULL") if deletes else MARK.format("NULL", "NOT NULL")
    cursor.execute(text, (f"marked by {writer.number}", rows))
    rows = cursor.rowcount
    if writer.random.random() < 0.3:
        writer.nap(0.5, 4.0)
    writer.end(cursor, rows)


def removing(writer: Writer, cursor: Any) -> None:
    """Deletes some rows, now and then the newest; and brings back keys that it deleted before."""
    gone: list[int] = vars(writer).setdefault("gone", [])
    order = "updated_at DESC" if writer.random.random() < 0.2 else "random()"
    cursor.execute(REMOVE.format(order), (writer.random.randint(1, 12),))
    removed = [key for (key,) in cursor.fetchall()]
    again = [key for key in gone if writer.random.random() < 0.2]
    cursor.execute(AGAIN, (writer.number, f"again by {writer.number}", again))
    if writer.random.random() < 0.3:
        writer.nap(0.5, 4.0)
    if writer.random.random() < 0.15:
        cursor.connection.rollback()
        writer.written.count("rolled_back", len(removed) + len(again))
        return
    cursor.connection.commit()
    gone[:] = [key for key in gone if key not in again] + removed
    writer.written.count("committed", len(removed) + len(again))
