"""Whether a parameter that may be a path is one, or the text itself. Pure."""


def is_json_path(config: str) -> bool:
    """Whether transformation_config is where its text lies, and not the text itself.

    >>> [is_json_path(text) for text in ("gs://b/masks.json", "masks.json", '{"mask": {}}')]
    [True, True, False]
    """
    config = config.strip()
    return config.startswith("gs://") or (config.endswith(".json") and "\n" not in config)


def is_sql_path(value: str) -> bool:
    """Whether transform_sql is where the query lies, and not the query itself.

    >>> [is_sql_path(text) for text in ("gs://b/o.sql", "sql/o.sql", "SELECT * FROM staged")]
    [True, True, False]
    """
    value = value.strip()
    return value.startswith("gs://") or (value.endswith(".sql") and len(value.split()) == 1)
