"""Validates every schema of an event, and with it the event's sample of that version as it is published."""

import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker

INSTEAD = ["[erased]", "[sealed]", "[unreadable]"]


def published(value: object, instead: str | None) -> object:
    """What stands in the stream for a field of the log: a private value bare, or a word in its place."""
    if isinstance(value, dict) and "$private" in value:
        return value["$private"] if instead is None else instead
    return value


def main(domain: Path) -> None:
    schemas = {path.stem: json.loads(path.read_text()) for path in (domain / "catalogue/events").glob("*.json")}
    samples = {path.stem: json.loads(path.read_text()) for path in (domain / "golden").glob("*.json")}
    assert schemas.keys() == samples.keys(), schemas.keys() ^ samples.keys()
    for name, schema in schemas.items():
        Draft202012Validator.check_schema(schema)
        validator = Draft202012Validator(schema, format_checker=FormatChecker())
        for instead in [None, *INSTEAD]:
            validator.validate({field: published(value, instead) for field, value in samples[name].items()})
        for example in schema["examples"]:
            validator.validate(example)
        for field in schema["required"]:
            missing = {other: value for other, value in samples[name].items() if other != field}
            assert not validator.is_valid(missing), f"{name} is valid without {field}"
        assert not validator.is_valid({**samples[name], "type": "Other"}), name
    print(f"{len(schemas)} schemas, each with its sample")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
