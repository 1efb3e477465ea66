# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The checked-in schemas judged by validators that know nothing of MarketBus."""

import json
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "deploy" / "schemas"
GOLDEN = ROOT / "Tests" / "Unit" / "WireTests" / "Golden"
ASYNCAPI = ROOT.parent / "shared" / "tools" / "asyncapi-3.0.0.schema.json"
TOPICS = sorted(path.name.removesuffix(".schema.json") for path in SCHEMAS.glob("*.schema.json"))


def schema(topic: str) -> dict:
    return json.loads((SCHEMAS / f"{topic}.schema.json").read_text(encoding="utf-8"))


def golden(topic: str) -> list[dict]:
    return [json.loads(line) for line in (GOLDEN / f"{topic}.jsonl").read_text(encoding="utf-8").splitlines()]


def errors(topic: str, value: object) -> list[str]:
    return [error.message for error in jsonschema.Draft202012Validator(schema(topic)).iter_errors(value)]


def test_there_are_topics():
    assert "md.trade.v1" in TOPICS and "sys.dead_letter.v1" in TOPICS and len(TOPICS) >= 10


@pytest.mark.parametrize("topic", TOPICS)
def test_a_schema_is_one_of_draft_2020_12(topic):
    document = schema(topic)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(document)
    # AsyncAPI tools read payloads as draft 7: what both say must be the same.
    jsonschema.Draft7Validator.check_schema({**document, "$schema": "http://json-schema.org/draft-07/schema#"})


@pytest.mark.parametrize("topic", TOPICS)
def test_golden_records_are_valid(topic):
    records = golden(topic)
    assert records
    for record in records:
        assert errors(topic, record) == []
        assert errors(topic, {**record, "a_later_field": 1}) == []


@pytest.mark.parametrize("topic", TOPICS)
def test_a_schema_refuses_what_is_wrong(topic):
    record = golden(topic)[0]
    for name in schema(topic)["required"]:
        assert errors(topic, {key: value for key, value in record.items() if key != name})
        assert errors(topic, {**record, name: {"never": "this"} if not isinstance(record[name], dict) else 1})
    assert errors(topic, {**record, "schema": "other.v1"})


@pytest.mark.parametrize("text", ["1.0", "01", "-0", "1e5", "", ".5", "5.", "+1", "NaN", " 1", "1.10", "0.0", "-"])
def test_a_decimal_that_is_not_canonical_is_refused(text):
    assert errors("md.trade.v1", {**golden("md.trade.v1")[0], "price": text})


@pytest.mark.parametrize("text", ["0", "1", "-1", "10", "0.5", "-0.5", "100.01", "0.000000454", "1" + "0" * 38])
def test_a_canonical_decimal_is_accepted(text):
    assert errors("md.trade.v1", {**golden("md.trade.v1")[0], "price": text}) == []


def test_the_asyncapi_document_binds_every_topic():
    document = json.loads((SCHEMAS / "asyncapi.json").read_text(encoding="utf-8"))
    assert document["asyncapi"] == "3.0.0"
    assert sorted(document["channels"]) == TOPICS
    for topic, channel in document["channels"].items():
        assert channel["bindings"]["kafka"]["topic"] == channel["address"] == topic
        for reference in channel["messages"].values():
            message = document["components"]["messages"][reference["$ref"].split("/")[-1]]
            assert (SCHEMAS / message["payload"]["$ref"]).is_file()
            assert message["bindings"]["kafka"]["key"]["type"] == "string"


@pytest.mark.skipif(not ASYNCAPI.exists(), reason="the AsyncAPI 3.0.0 schema is not beside this repository")
def test_the_asyncapi_document_is_valid():
    definition = json.loads(ASYNCAPI.read_text(encoding="utf-8"))
    document = json.loads((SCHEMAS / "asyncapi.json").read_text(encoding="utf-8"))
    found = [error.message[:300] for error in jsonschema.validators.validator_for(definition)(definition).iter_errors(document)]
    assert found == []
