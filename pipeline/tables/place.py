"""Where a file of tables is: in the parameter itself, or at the path that it names."""


def is_text(parameter: str) -> bool:
    """Whether the parameter is the file's text, and not a path of it.

    >>> is_text("{tables: {public.orders: }}"), is_text("tables.yaml"), is_text("gs://b/t.yaml")
    (True, False, False)
    """
    return parameter.lstrip().startswith("{") or "\n" in parameter or ": " in parameter
