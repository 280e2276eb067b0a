"""How parameters of deleted rows go together with the others."""

from collections.abc import Iterator, Mapping

from auto_schema.errors import ConfigError, SyncError


def deletes_faults(values: Mapping[str, str]) -> Iterator[SyncError]:
    """Everything that contradicts itself about deleted rows."""
    if not values["deleted_column"]:
        if values["deleted_rows"] != "hard":
            why = "nothing tells which rows are deleted"
            fix = "give --deleted_column=deleted_at, or leave deleted_rows out."
            yield ConfigError("deleted_rows without deleted_column", "deleted_rows", why, fix)
        return
    if values["write_disposition"] == "WRITE_HISTORY":
        name = values["deleted_column"]
        why = "a history keeps the row that the source has marked as its current version"
        fix = (
            f"leave deleted_column out, and let queries leave marked versions out by {name};"
            " hard_deletes=invalidate ends versions of rows that are gone."
        )
        yield ConfigError("deleted_column beside WRITE_HISTORY", "deleted_column", why, fix)
    elif values["write_disposition"] != "WRITE_MERGE" and not values["backfill_columns"]:
        why = f"write_disposition={values['write_disposition']} neither removes nor updates a row"
        fix = "set write_disposition=WRITE_MERGE with merge_keys, or leave deleted_column out."
        yield ConfigError("deleted_column without WRITE_MERGE", "deleted_column", why, fix)
    if values["replay_dead_letters"] and values["deleted_rows"] == "hard":
        why = "a letter that is older than the removal of its row would bring the row back"
        fix = "read those rows of the source once more, with sync_start and sync_end."
        where = "deleted_column, replay_dead_letters"
        yield ConfigError("a replay into a table of which rows are removed", where, why, fix)
