"""Whatever the strict loader arms in these tests, the schemas that editors are given must accept too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import get_args

import pytest
from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

from bot.artifacts import schemas
from bot.assess import policy


@pytest.fixture(scope="session", autouse=True)
def what_is_armed_fits_its_schema() -> Iterator[None]:
    validators = {kind: Draft7Validator(schemas.schema(kind)) for kind in get_args(schemas.Document)}
    named = {name: validator for name, validator in validators.items() if name != "policy"}
    load = policy.load

    def load_and_hold_against_the_schemas(documents: Mapping[str, policy.Document]) -> policy.Policies:
        armed = load(documents)
        for file, document in documents.items():
            validator = named.get(PurePosixPath(file).stem, validators["policy"])
            error = best_match(validator.iter_errors(document.data))
            assert error is None, (
                f"{file} loads, and an editor would underline {error.json_path}: {error.message}"
            )
        return armed

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(policy, "load", load_and_hold_against_the_schemas)
        yield
