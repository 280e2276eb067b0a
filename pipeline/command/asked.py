"""I/O. What `init` needs: given by flags, or asked for on a terminal."""

import sys
from collections.abc import Mapping

from auto_schema.errors import ConfigError, raise_all

QUESTIONS: Mapping[str, str] = {
    "source": "Source, such as postgresql://reader@db.example.com:5432/shop (no password): ",
    "destination_bigquery_project": "Project of the destination: ",
    "destination_bigquery_dataset": "Dataset of the destination, which exists: ",
}
"""Parameter → what is asked where it isn't given."""


def asked(given: Mapping[str, str]) -> dict[str, str]:
    """The parameters, with answers to what is missing.

    Raises:
        ConfigError, ManyErrors: something is missing, and there is no terminal to ask on.
    """
    missing = [name for name in QUESTIONS if not given.get(name)]
    if given.get("data_source"):
        missing = [name for name in missing if name != "source"]
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        why = "needed, and there is no terminal to ask on"
        raise_all(
            [ConfigError("missing parameter", n, why, f"give --{n}={_example(n)}") for n in missing]
        )
        return dict(given)
    answers = {name: input(QUESTIONS[name]).strip() for name in missing}
    raise_all(
        [
            ConfigError("missing parameter", name, "nothing was answered", f"give --{name}=….")
            for name, answer in answers.items()
            if not answer
        ]
    )
    return {**given, **answers}


def _example(name: str) -> str:
    return "postgresql://reader@db.example.com/shop." if name == "source" else "NAME."
