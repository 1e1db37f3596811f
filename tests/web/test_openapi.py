"""Schemathesis, every check on, against our own OpenAPI document and against the standard's."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.made import event
from tests.web.live import Live, captured, document, served

# A request that breaks a schema may also be too long, and then is refused for that. A wrong event is found
# by the capture job, after the 202. What a document or a query must be is more than an OpenAPI schema says,
# so bodies that fit the schema may be refused, and names that are no URIs. OPTIONS describes a path, whether
# or not the thing exists, and so is left out where things are made and deleted.
CONFIG = """
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "413", "414", "415"]

[[operations]]
include-method = "POST"

[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "409"]

[[operations]]
include-path-regex = "^/(balance|credentials|links|claim|pay|paid|recall|scans|tokens|trace)"
include-method = "GET"

[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "409"]

[[operations]]
include-path = "/capture"
include-method = "POST"

[operations.checks.negative_data_rejection]
expected-statuses = ["202", "400", "401", "403", "404", "405", "406", "409", "413", "414", "415"]

[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "409"]
"""


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server with something in it."""
    with served(tmp_path_factory.mktemp("openapi"), SCANS__PER_MINUTE="1000000") as live:
        with live.client("adela") as client:
            captured(client.post("/capture", json=document(*[event(n) for n in range(50)])))
            client.post("/queries", json={"name": "myQuery", "query": {"EQ_action": ["OBSERVE"]}})
        yield live


def run(live: Live, folder: Path, schema: dict[str, Any], *options: str) -> None:
    run_once(live, folder, schema, "--exclude-method", "OPTIONS", *options)
    run_once(live, folder, schema, "--include-method", "OPTIONS", "--phases", "coverage,fuzzing", *options)


def run_once(live: Live, folder: Path, schema: dict[str, Any], *options: str) -> None:
    sayable = without(without(schema, "maxEventCount"), "eventCountLimit")
    (folder / "schema.json").write_text(json.dumps(sayable))
    (folder / "schemathesis.toml").write_text(CONFIG)
    command = [sys.executable, "-m", "schemathesis.cli", "run", "schema.json", "-u", live.url, "-c", "all"]
    command += [
        "-H",
        f"Authorization: Bearer {live.tokens['adela']}",
        "-n",
        "10",
        "--seed",
        "7",
        "--no-color",
    ]
    command += ["--suppress-health-check", "all", "--warnings", "off", *options]
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "request failed" not in live.log.read_text()


def without(schema: Any, name: str) -> Any:
    """The same without one parameter: eventCountLimit is for queries with orderBy and without maxEventCount,
    which an OpenAPI document cannot say.
    """
    if isinstance(schema, list):
        return [
            without(one, name)
            for one in schema
            if not (
                isinstance(one, dict) and (one.get("name") == name or str(one.get("$ref")).endswith(name))
            )
        ]
    if isinstance(schema, dict):
        return {key: without(value, name) for key, value in schema.items()}
    return schema


def test_our_own_document(busy: Live, tmp_path: Path) -> None:
    run(busy, tmp_path, httpx.get(f"{busy.url}/openapi.json").json(), "--exclude-path", "/metrics")


def test_the_document_of_the_standard(busy: Live, tmp_path: Path, shared: Path) -> None:
    official = yaml.safe_load((shared / "epcis" / "openapi.yaml").read_text())
    events = json.loads((shared / "epcis" / "EPCIS-JSON-Schema.json").read_text())
    run(busy, tmp_path, mended(official, events))


PROBLEM = {"description": "problem", "content": {"application/problem+json": {"schema": {"type": "object"}}}}


def mended(official: dict[str, Any], events: dict[str, Any]) -> dict[str, Any]:
    """The standard's document where it contradicts itself put right; docs/epcis-conformance.md lists each."""
    official["openapi"] = "3.1.0"
    schemas = official["components"]["schemas"]
    schemas |= {f"epcis-{name}": local(schema) for name, schema in events["definitions"].items()}
    schemas["epcis-EPCIS-Document-Event"] = {"type": "object"}
    found: dict[str, Any] = local(official)
    schemas = found["components"]["schemas"]
    for name in ("Second", "Minute", "Hour", "DayOfMonth", "Month", "DayOfWeek"):
        schemas[f"GS1-Query-{name}"] = {"type": "string", "pattern": "^[1-5]$"}
    schemas["AbstractQuerySubscription"]["required"] = ["dest"]
    job = schemas["CaptureJob"]["allOf"]
    job[1] = {"anyOf": job[1].pop("oneOf")}
    for name in ("epc", "bizStep", "bizLocation", "readPoint", "disposition", "eventType", "eventID"):
        for parameter in found["components"]["parameters"].values():
            if parameter["name"] == name and parameter["in"] == "path":
                parameter["schema"] = {"type": "string", "minLength": 1}
    for parameter in found["components"]["parameters"].values():
        if parameter["name"] in ("GS1-EPCIS-Min", "GS1-CBV-Min"):
            parameter["schema"] = {"type": "string", "pattern": r"^([01](\.\d{1,3}){0,2}|2(\.0){0,2})$"}
        if parameter["name"] in ("GS1-EPCIS-Max", "GS1-CBV-Max"):
            parameter["schema"] = {"type": "string", "pattern": r"^[2-9](\.\d{1,3}){0,2}$"}
        if parameter["name"] in ("GS1-EPCIS-Version", "GS1-CBV-Version"):
            parameter["schema"] = {"type": "string", "enum": ["2.0", "2.0.0"]}
        if parameter["name"] == "GS1-Capture-Error-Behaviour":
            parameter["schema"] = {"type": "string", "enum": ["rollback", "proceed"]}
        if parameter["name"] == "perPage":
            parameter["schema"] = {"type": "integer", "minimum": 1}
        if parameter["name"] in ("eventCountLimit", "maxEventCount"):
            parameter["schema"] = {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}
        if parameter["name"] == "orderBy":
            parameter["schema"] = {"type": "string", "enum": ["eventTime", "recordTime"]}
        if parameter["name"] in ("EQ_transformationID",):
            parameter["schema"]["items"] = {"type": "string", "format": "uri"}
        if parameter["name"] in ("EQ_stringValue", "EQ_hexBinaryValue"):
            parameter["schema"]["items"] = {"type": "string", "minLength": 1}
        if parameter["name"] in ("Upgrade", "Connection"):
            parameter["schema"] = {"type": "string", "enum": ["keep-alive"]}
        if parameter["name"] == "subscriptionID":
            parameter["schema"] = {"type": "string", "minLength": 1}
    for name, schema in schemas.items():
        if name.startswith("GS1-") and isinstance(schema, dict):
            schema.pop("example", None)
    for path, item in found["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            for status in ("400", "404", "408", "413", "414"):
                operation["responses"][status] = PROBLEM
            if "409" in operation["responses"]:
                operation["responses"]["409"] = PROBLEM
        if path == "/queries/{queryName}":
            item["get"]["responses"]["200"]["content"]["application/json"]["schema"] = {"type": "object"}
        if path == "/queries/{queryName}/events":
            item["get"]["parameters"] = [
                one for one in item["get"]["parameters"] if "GS1-Query" not in one.get("$ref", "")
            ]
    found["components"]["headers"]["Link"]["schema"] = {"type": "string"}
    subscriptions = found["paths"]["/queries/{queryName}/subscriptions"]
    subscriptions["post"]["requestBody"]["required"] = True
    mended_document: dict[str, Any] = without(found, "GS1-Extensions")
    return mended_document


REMOTE = "https://gs1.github.io/EPCIS/REST%20Bindings/JSON-Schema-Stub.json#/definitions/"


def local(node: Any) -> Any:
    """The same with references into the standard's JSON schema made local, examples by reference dropped."""
    if isinstance(node, list):
        return [local(one) for one in node]
    if not isinstance(node, dict):
        return node
    ref = node.get("$ref")
    if isinstance(ref, str) and ref.startswith((REMOTE, "#/definitions/")):
        return {"$ref": f"#/components/schemas/epcis-{ref.rpartition('/')[2].replace('%40', '@')}"}
    return {key: local(value) for key, value in node.items() if key not in ("example", "externalDocs")}
