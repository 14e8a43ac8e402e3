"""Validates the schema of every event, and against it the sample of that version."""

import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker

INSTEAD = ["[erased]", "[sealed]", "[unreadable]"]


def published(value: object, instead: str | None) -> object:
    """A field of the log as it is published: a private value bare, or a word instead of it."""
    if isinstance(value, dict) and "$private" in value:
        return value["$private"] if instead is None else instead
    return value


def read(folder: Path) -> dict[str, dict]:
    """Every JSON file of a folder, by its name."""
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}


def main(domain: Path) -> None:
    schemas, samples = read(domain / "catalogue/events"), read(domain / "golden")
    assert schemas.keys() == samples.keys(), schemas.keys() ^ samples.keys()
    for name, schema in schemas.items():
        Draft202012Validator.check_schema(schema)
        validator = Draft202012Validator(schema, format_checker=FormatChecker())
        for instead in [None, *INSTEAD]:
            fields = samples[name].items()
            validator.validate({field: published(value, instead) for field, value in fields})
        for example in schema["examples"]:
            validator.validate(example)
        for field in schema["required"]:
            missing = {other: value for other, value in samples[name].items() if other != field}
            assert not validator.is_valid(missing), f"{name} is valid without {field}"
        assert not validator.is_valid({**samples[name], "type": "Other"}), name
    print(f"{len(schemas)} schemas, each with its sample")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
