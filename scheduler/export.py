"""A schedule as a gcloud command, and as Terraform. Pure."""

import json
import shlex
from itertools import groupby
from typing import Any

from scheduler.job import SCOPE, body_of, uri_of
from scheduler.schedule import Retry, Schedule


def pretty(body: Any) -> str:
    """A launch as its JSON."""
    return json.dumps(body, ensure_ascii=False, indent=2)


def gcloud_command(schedule: Schedule) -> str:
    """The command that makes the same job."""
    retry = schedule.retry
    flags = {
        "project": schedule.project,
        "location": schedule.location,
        "schedule": schedule.cron,
        "time-zone": schedule.time_zone,
        "description": schedule.description,
        "uri": uri_of(schedule),
        "http-method": "POST",
        "headers": "Content-Type=application/json",
        "oauth-service-account-email": schedule.service_account,
        "oauth-token-scope": SCOPE,
        "attempt-deadline": f"{schedule.attempt_deadline_s}s",
        "max-retry-attempts": str(retry.count),
        "max-retry-duration": f"{retry.max_duration_s}s",
        "min-backoff": f"{retry.min_backoff_s}s",
        "max-backoff": f"{retry.max_backoff_s}s",
        "max-doublings": str(retry.max_doublings),
        "message-body": json.dumps(body_of(schedule), ensure_ascii=False, indent=1),
    }
    words = [shlex.quote(f"--{name}={value}") for name, value in flags.items() if value]
    command = " \\\n  ".join([f"gcloud scheduler jobs create http {schedule.name}", *words])
    if schedule.paused:
        command += f"\ngcloud scheduler jobs pause {schedule.name} {words[0]} {words[1]}"
    return command


def terraform(schedule: Schedule) -> str:
    """The resource that makes the same job."""
    lines = [
        f'resource "google_cloud_scheduler_job" "{schedule.name.replace("-", "_")}" {{',
        *_aligned(
            {
                "name": schedule.name,
                "project": schedule.project,
                "region": schedule.location,
                "description": schedule.description,
                "schedule": schedule.cron,
                "time_zone": schedule.time_zone,
                "attempt_deadline": f"{schedule.attempt_deadline_s}s",
                "paused": schedule.paused,
            },
            1,
        ),
        "",
        *_retry_config(schedule.retry),
        "",
        *_http_target(schedule),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _retry_config(retry: Retry) -> list[str]:
    values = {
        "retry_count": retry.count,
        "max_retry_duration": f"{retry.max_duration_s}s",
        "min_backoff_duration": f"{retry.min_backoff_s}s",
        "max_backoff_duration": f"{retry.max_backoff_s}s",
        "max_doublings": retry.max_doublings,
    }
    return ["  retry_config {", *_aligned(values, 2), "  }"]


def _http_target(schedule: Schedule) -> list[str]:
    return [
        "  http_target {",
        f"    uri         = {_text(uri_of(schedule))}",
        '    http_method = "POST"',
        '    headers     = { "Content-Type" = "application/json" }',
        f"    body = base64encode(jsonencode({_value(body_of(schedule), 2)}))",
        "",
        "    oauth_token {",
        *_aligned({"service_account_email": schedule.service_account, "scope": SCOPE}, 3),
        "    }",
        "  }",
    ]


def _aligned(values: dict[str, Any], depth: int) -> list[str]:
    """Assignments with their signs in one column, as `terraform fmt` writes them.

    One whose value takes more lines stands alone, and what follows it has a column of its own.
    """
    texts = {name: _value(value, depth) for name, value in values.items()}
    lines: list[str] = []
    for is_long, names in groupby(texts, key=lambda name: "\n" in texts[name]):
        group = list(names)
        width = 0 if is_long else max(map(len, group))
        lines += [f"{'  ' * depth}{name:{width}} = {texts[name]}" for name in group]
    return lines


def _value(value: Any, depth: int) -> str:
    if isinstance(value, dict):
        if not value:
            return "{}"
        lines = _aligned({_text(name): item for name, item in value.items()}, depth + 1)
        return "\n".join(["{", *lines, "  " * depth + "}"])
    if isinstance(value, list):
        return f"[{', '.join(_value(item, depth) for item in value)}]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


_ESCAPES = {code: f"\\u{code:04x}" for code in range(32)} | {
    ord(plain): escaped
    for plain, escaped in {'"': '\\"', "\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"}.items()
}


def _text(text: str) -> str:
    """A text in quotes; Terraform's own marks in it are doubled."""
    quoted = text.translate(_ESCAPES).replace("${", "$${").replace("%{", "%%{")
    return f'"{quoted}"'
