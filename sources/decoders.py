"""What to do where a compiled decoder of rows is missing. Pure."""

BUILD = (
    "install a C compiler, then Smart Sync again, from its source: `pip install --force-reinstall"
    " --no-deps --no-binary=bigquery-smart-sync bigquery-smart-sync`; in a clone: `make setup`."
)


def slow(rows: str, times: str) -> str:
    """What a process says once that reads without it.

    >>> slow("rows", "five")[:51]
    'rows are decoded by Python, some five times slower:'
    """
    return f"{rows} are decoded by Python, some {times} times slower: {LACKS}. To mend: {BUILD}"


LACKS = "the compiled decoder wasn't built"
