"""A plan on stdout, in words or JSON, with what said each of its parameters."""

import json
from collections.abc import Callable

from pipeline.launch.folded import folded
from pipeline.launch.output import show, width_here
from pipeline.parameters.options import Options
from pipeline.parameters.origins import as_values, lines


def print_plan(options: Options, text: str, as_json: Callable[[], str]) -> None:
    """Print it as the launch's plan_format asks.

    Args:
        options: of the launch.
        text: the plan in words.
        as_json: makes the same as a JSON object.
    """
    if options.request.run.plan_format != "json":
        show(folded(with_origins(options, text), width_here()))
        return
    told = as_json()
    if options.origins:
        values = {**json.loads(told), **as_values(options.origins)}
        told = json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False)
    if options.results.is_handed_on:
        options.results.plan = told
    else:
        show(told)


def with_origins(options: Options, text: str) -> str:
    """A plan in words, and what said its parameters."""
    return "\n".join([text, *lines(options.origins, options.request.run.plan_detail)])
