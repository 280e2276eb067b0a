"""The script of a replay: rows and the marks of their letters become visible at once, or neither.

By key a row takes the place of one that is there only when its cursor is shown to be newer: of two
rows with one cursor, or with none, nothing shows which was read last, and the table's stays.
Without keys rows are added.
"""

from smart_sync.history_sql import history_script
from smart_sync.letters_sql import marks, unchanged
from smart_sync.merge_sql import merge_script
from smart_sync.plan import SyncPlan
from smart_sync.publish_sql import adding_columns, in_transaction, insert_select, staged_items


def replay_statement(plan: SyncPlan) -> str:
    """The staged rows into the destination, and all letters of what was taken marked.

    Raises:
        ValueError: the plan is of no replay.
    """
    replay, merge = plan.publishing.replay, plan.publishing.merge
    if replay is None:
        raise ValueError("no letters to replay")
    first, last = unchanged(plan, replay), marks(plan, replay)
    if merge is None:
        return adding_columns(plan) + in_transaction(f"{first}{insert_select(plan)};\n{last}")

    def around(body: str) -> str:
        return f"{in_transaction(f'{first}{body};{chr(10)}{last}')}\n"

    items, adding = staged_items(plan), adding_columns(plan)
    if merge.history:
        return history_script(plan, merge, merge.history, items, adding, around)
    return merge_script(plan, merge, items, adding, around)
