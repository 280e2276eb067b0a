"""deploy/terraform: well formed, formatted, and known to the provider."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.deploy import hcl

HERE = Path(__file__).parent
PROVIDER = json.loads((HERE / "google_provider.json").read_text(encoding="utf-8"))["resources"]
HAS_TERRAFORM = shutil.which("terraform") is not None

# The files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", hcl.FILES, ids=lambda path: path.relative_to(hcl.MODULE).as_posix()
)
def test_every_file_parses(path: Path) -> None:
    assert hcl.parsed(path)


def test_every_file_is_formatted() -> None:
    if HAS_TERRAFORM:
        done = hcl.terraform("fmt", "-check", "-diff", "-recursive", folder=hcl.MODULE)
        assert done.returncode == 0, done.stdout + done.stderr
    else:
        for path in hcl.FILES:
            lines = path.read_text(encoding="utf-8").split("\n")
            assert [line for line in lines if line != line.rstrip() or "\t" in line] == []


@pytest.mark.parametrize("kind", ["variable", "output"])
def test_every_variable_and_output_is_described(kind: str) -> None:
    found = {name: body for path in hcl.FILES for name, body in hcl.blocks(path, kind)}
    assert found
    wanted = {"description", "type" if kind == "variable" else "value"}
    assert {name: wanted - set(body) for name, body in found.items() if wanted - set(body)} == {}


@pytest.mark.parametrize("folder", [hcl.MODULE, hcl.MODULE / "modules" / "launch_body"])
def test_every_reference_resolves_and_nothing_is_left_over(folder: Path) -> None:
    files = sorted(folder.glob("*.tf"))
    source = "\n".join(map(hcl.text, files))
    variables = {name for path in files for name, _ in hcl.blocks(path, "variable")}
    local = {key for p in files for body in hcl.parsed(p).get("locals", []) for key in body}
    made = {f"{r.type}.{r.name}" for r in hcl.resources()}
    assert set(re.findall(r"\bvar\.(\w+)", source)) == variables
    assert set(re.findall(r"\blocal\.(\w+)", source)) == {key for key in local if key[0] != "_"}
    referred = set(re.findall(r"\bgoogle_\w+\.\w+", source))
    assert referred - made == set()


def test_a_call_of_a_child_module_gives_what_it_asks_for() -> None:
    (calls,) = [dict(hcl.blocks(p, "module")) for p in hcl.FILES if "module" in hcl.parsed(p)]
    child = hcl.MODULE / "modules" / "launch_body" / "variables.tf"
    asked = dict(hcl.blocks(child, "variable"))
    given = set(calls["launch_body"]) - {"source", "for_each", "__is_block__"}
    assert {name for name, body in asked.items() if "default" not in body} <= given <= set(asked)


# What the provider knows -------------------------------------------------------------------------


def against_provider(body: dict[str, Any], facts: dict[str, Any], where: str) -> list[str]:
    inner = hcl.nested(body)
    given = {key for key in body if key not in hcl.META and key != "__is_block__"}
    faults = [f"{where}: unknown {key}" for key in sorted(given - set(facts["arguments"]))]
    faults += [f"{where}: {key} is missing" for key in sorted(set(facts["required"]) - given)]
    known = facts.get("blocks", {})
    faults += [f"{where}: {key} is not a block" for key in sorted(set(inner) - set(known))]
    faults += [f"{where}: {key} is a block" for key in sorted(set(known) & given - set(inner))]
    for key in sorted(set(inner) & set(known)):
        for item in inner[key]:
            faults += against_provider(item, known[key], f"{where}.{key}")
    return faults


@pytest.mark.parametrize("resource", hcl.resources(), ids=lambda r: f"{r.type}.{r.name}")
def test_the_provider_knows_every_argument_and_misses_none(resource: hcl.Resource) -> None:
    assert against_provider(resource.body, PROVIDER[resource.type], resource.type) == []


def test_the_provider_knows_every_attribute_that_is_referred_to() -> None:
    pattern = re.compile(r"\b(google_\w+)\.\w+(?:\[[^\]]*\])?\.(\w+)")
    source = "\n".join(map(hcl.text, hcl.FILES))
    unknown = {
        pair for pair in pattern.findall(source) if pair[1] not in PROVIDER[pair[0]]["attributes"]
    }
    assert unknown == set()


def test_the_facts_are_those_of_the_resources_in_use() -> None:
    assert {resource.type for resource in hcl.resources()} == set(PROVIDER)


def test_a_wrong_argument_would_be_found() -> None:
    body = {"bucket": '"b"', "roles": '"r"', "lifecycle_rule": [{"__is_block__": True}]}
    facts = PROVIDER["google_storage_bucket"]
    found = against_provider(body, facts, "x")
    assert "x: unknown roles" in found
    assert "x: name is missing" in found
    assert "x.lifecycle_rule: condition is missing" in found
