"""The Terraform module as values: its files parsed, and a copy that runs without Google.

The provider that makes real things needs a network and an account. So `stand_in` writes a copy
in which each resource is a `terraform_data` that only keeps its arguments. Everything else is
the module's own: conditions, loops, references, types and checks.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import hcl2

REPOSITORY = Path(__file__).parents[2]
MODULE = REPOSITORY / "deploy" / "terraform"
FILES = sorted(MODULE.rglob("*.tf"))
META = {"count", "for_each", "depends_on", "lifecycle", "provider"}
DOMAIN = "my-project.iam.gserviceaccount.com"
# What a real resource knows of itself; <name> is its own argument of that name.
COMPUTED = {
    "google_compute_subnetwork": {
        "id": "projects/my-project/regions/europe-west1/subnetworks/<name>",
        "self_link": "https://www.googleapis.com/compute/v1/projects/my-project"
        "/regions/europe-west1/subnetworks/<name>",
    },
    "google_compute_network": {"id": "projects/my-project/global/networks/<name>"},
    "google_cloud_run_v2_job": {"name": "<name>"},
    "google_secret_manager_secret": {"id": "projects/my-project/secrets/<secret_id>"},
    "google_artifact_registry_repository": {"name": "<repository_id>"},
    "google_service_account": {
        "email": f"<account_id>@{DOMAIN}",
        "member": f"serviceAccount:<account_id>@{DOMAIN}",
        "name": f"projects/my-project/serviceAccounts/<account_id>@{DOMAIN}",
    },
}
REFERENCE = re.compile(r"\b(google_\w+)\.(\w+)(\[[^\]]*\])?(\.\w+)?")


class Resource(NamedTuple):
    """One resource block."""

    type: str
    name: str
    body: dict[str, Any]


@cache
def parsed(path: Path) -> dict[str, Any]:
    """A file as values. Expressions are `${…}`, texts keep their quotes."""
    return loaded(path.read_text(encoding="utf-8"))


def loaded(source: str) -> dict[str, Any]:
    options = hcl2.SerializationOptions(with_comments=False)
    value: dict[str, Any] = hcl2.loads(source, serialization_options=options)
    return value


def blocks(path: Path, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Blocks with one label, such as variables and outputs."""
    for entry in parsed(path).get(kind, []):
        for label, body in entry.items():
            yield label.strip('"'), body


def resources() -> list[Resource]:
    return [
        Resource(kind, name.strip('"'), body)
        for path in FILES
        for kind, named in blocks(path, "resource")
        for name, body in named.items()
        if name != "__is_block__"
    ]


def nested(body: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Blocks inside a block."""
    return {
        key: value
        for key, value in body.items()
        if isinstance(value, list) and value and isinstance(value[0], dict) and key not in META
        if "__is_block__" in value[0]
    }


def text(path: Path) -> str:
    """A file without its comments and descriptions."""
    whole = path.read_text(encoding="utf-8")
    whole = re.sub(r"<<-EOT.*?^ *EOT", '""', whole, flags=re.DOTALL | re.MULTILINE)
    whole = re.sub(r'^ *(description|error_message) += ".*"$', "", whole, flags=re.MULTILINE)
    return re.sub(r"(^|\s)#.*", "", whole)


def _expression(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_expression, value))}]"
    if isinstance(value, dict):
        pairs = [f"{key} = {_expression(item)}" for key, item in value.items() if key[0] != "_"]
        return f"{{ {', '.join(pairs)} }}"
    if value is None:
        return "null"
    found = str(value)
    return f"({found[2:-1]})" if found.startswith("${") and found.endswith("}") else found


def _rewritten(source: str) -> str:
    """References to resources of Google, as references to their stand-ins."""

    def stand_in(found: re.Match[str]) -> str:
        kind, name, index, attribute = found.groups()
        made = f"terraform_data.{kind}__{name}"
        if attribute:
            return f"{made}{index or ''}.output{attribute}"
        return f"{{ for key, value in {made} : key => value.output }}"

    return REFERENCE.sub(stand_in, source)


def _resource(resource: Resource) -> str:
    arguments = {key: value for key, value in resource.body.items() if key not in META}
    own = _rewritten(_expression(arguments))
    made = {}
    for attribute, pattern in COMPUTED.get(resource.type, {}).items():
        filled = re.sub(r"<(\w+)>", lambda m: f"${{{_expression(arguments[m[1]])}}}", pattern)
        made[attribute] = _rewritten(f'"{filled}"')
    computed = ", ".join(f"{key} = {value}" for key, value in made.items())
    meta = [
        f"  {key} = {_rewritten(_expression(resource.body[key]))}"
        for key in ("count", "for_each")
        if key in resource.body
    ]
    after = [re.sub(r"[${}]", "", item) for item in resource.body.get("depends_on", [])]
    waits = ", ".join("terraform_data." + item.replace(".", "__") for item in after)
    return "\n".join(
        [
            f'resource "terraform_data" "{resource.type}__{resource.name}" {{',
            *meta,
            f"  input = merge({{ {computed} }}, {own})",
            f"  depends_on = [{waits}]",
            "}",
        ]
    )


def stand_in(folder: Path) -> Path:
    """A copy of the module that makes nothing; returns its folder."""
    module = folder / "deploy" / "terraform"
    shutil.copytree(MODULE / "modules", module / "modules")
    shutil.copy(REPOSITORY / "metadata.json", folder)
    for path in MODULE.glob("*.tf"):
        if path.name != "versions.tf":
            (module / path.name).write_text(_without_resources(path), encoding="utf-8")
    stands = "\n\n".join(map(_resource, resources()))
    (module / "stand_in.tf").write_text(stands + "\n", encoding="utf-8")
    return module


def _without_resources(path: Path) -> str:
    whole = path.read_text(encoding="utf-8")
    block = r'^resource "\w+" "\w+" \{\n.*?^\}\n'
    return _rewritten(re.sub(block, "", whole, flags=re.DOTALL | re.MULTILINE))


def terraform(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run terraform in a folder, untouched by the user's own settings."""
    settings = {"TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1", "TF_INPUT": "0"}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TF_")} | settings
    return subprocess.run(
        ["terraform", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def plan(folder: Path, variables: dict[str, Any]) -> str:
    """What terraform says to these variables, as one line."""
    (folder / "terraform.tfvars.json").write_text(json.dumps(variables), encoding="utf-8")
    done = terraform("plan", "-no-color", "-refresh=false", folder=folder)
    return re.sub(r"[\s│╷╵]+", " ", done.stdout + done.stderr)


def applied(folder: Path, variables: dict[str, Any]) -> dict[str, Any]:
    """What the module makes of these variables: resources by address, and its outputs."""
    (folder / "terraform.tfvars.json").write_text(json.dumps(variables), encoding="utf-8")
    done = terraform("apply", "-auto-approve", "-no-color", folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    state = json.loads(terraform("show", "-json", folder=folder).stdout)["values"]
    made = {
        item["address"].removeprefix("terraform_data.").replace("__", ".", 1): item["values"]
        for item in state["root_module"]["resources"]
    }
    return {
        "resources": {address: values["input"] for address, values in sorted(made.items())},
        "outputs": {name: entry.get("value") for name, entry in sorted(state["outputs"].items())},
    }
