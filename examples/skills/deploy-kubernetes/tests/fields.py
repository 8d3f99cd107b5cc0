"""Fields of an object by their paths, as server-side apply owns them: containers by name, lists whole."""

import json
from typing import Any

Json = dict[str, Any]
Field = tuple[str, ...]


def leaves(value: Any, path: Field) -> dict[Field, Any]:
    """Every field by its path; containers by their name, other lists as a whole."""
    if isinstance(value, dict) and value:
        return {
            found: leaf for name, one in value.items() for found, leaf in leaves(one, (*path, name)).items()
        }
    if isinstance(value, list) and path and path[-1] == "containers":
        return {
            found: leaf
            for one in value
            for found, leaf in leaves(one, (*path, f'k:{{"name":"{one["name"]}"}}')).items()
        }
    return {path: value}


def said_only(value: Any) -> Any:
    """As decoding into types does it: `creationTimestamp: null` and `resources: {}` say nothing."""
    if isinstance(value, dict):
        return {name: said_only(one) for name, one in value.items() if one is not None and one != {}}
    return [said_only(one) for one in value] if isinstance(value, list) else value


def step_into(place: Any, part: str) -> Any:
    if part.startswith("k:"):
        name = json.loads(part[2:])["name"]
        found = next((one for one in place if one["name"] == name), None)
        if found is None:
            place.append(found := {"name": name})
        return found
    return place.setdefault(part, [] if part == "containers" else {})


def put(whole: Json, path: Field, value: Any) -> None:
    place: Any = whole
    for part in path[:-1]:
        place = step_into(place, part)
    place[path[-1]] = value


def remove(whole: Json, path: Field) -> None:
    place: Any = whole
    for part in path[:-1]:
        place = step_into(place, part)
    place.pop(path[-1], None)


def as_fields(paths: set[Field]) -> Json:
    fields: Json = {}
    for path in sorted(paths):
        place = fields
        for part in path:
            place = place.setdefault(part if part.startswith("k:") else f"f:{part}", {})
    return fields
