"""OpenAPI 3.1.0 of the ingress: one path, the providers' methods, our refusals."""

from typing import Any, Final

from processors.contract import Providers
from schemas.topics import BODY_BYTES_MAX
from streams.ingress.problems import PROBLEM_TYPE, PROBLEMS, RETRY_CODES, TYPE_BASE, ProblemCode
from streams.specs.fragments import Schema

PATH: Final = "/v1/callbacks/{provider}/{account}"
_NAME: Final = "^[a-z0-9][a-z0-9-]*$"


def openapi(providers: Providers) -> dict[str, Any]:
    """Return the document; `providers` give the methods."""
    methods = sorted({method for each in providers.values() for method in each.methods})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tillstream ingress",
            "version": "1.0.0",
            "description": "Where payment providers call. A success means that the callback is "
            "stored; whether it was authentic shows in its outcome, or, for accounts that reply "
            "when verified, in the reply.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "http://127.0.0.1:8080"}],
        "paths": {
            PATH: {
                "parameters": [
                    _parameter("provider", "A provider of the registry."),
                    _parameter("account", "The name of one of its account files."),
                ],
                **{method.lower(): _operation(method) for method in methods},
            }
        },
        "components": {
            "schemas": {"Problem": _problem()},
            "responses": {str(status): _response(status) for status in _statuses()},
        },
    }


def _statuses() -> list[int]:
    return sorted({status for status, _ in PROBLEMS.values()})


def _parameter(name: str, description: str) -> Schema:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", "pattern": _NAME},
    }


def _operation(method: str) -> Schema:
    operation: Schema = {
        "operationId": f"receive{method.capitalize()}",
        "summary": "Receive one callback of a provider",
        "responses": {
            "200": {
                "description": "Stored, in the form that the provider expects.",
                "content": {"*/*": {"schema": {}}},
            },
            **{
                str(status): {"$ref": f"#/components/responses/{status}"} for status in _statuses()
            },
            "default": {
                "description": "A provider that needs its own failure form gets that.",
                "content": {"*/*": {"schema": {}}},
            },
        },
    }
    if method == "POST":
        operation["requestBody"] = {
            "description": f"At most {BODY_BYTES_MAX} bytes, kept as they come.",
            "required": False,
            "content": {"*/*": {"schema": {}}},
        }
    return operation


def _problem() -> Schema:
    return {
        "type": "object",
        "description": "RFC 9457. Types are contract: some may be added, none is renamed.",
        "properties": {
            "type": {"type": "string", "enum": [TYPE_BASE + code for code in PROBLEMS]},
            "title": {"type": "string"},
            "status": {"type": "integer", "enum": _statuses()},
        },
        "required": ["type", "title", "status"],
    }


def _response(status: int) -> Schema:
    codes: list[ProblemCode] = [code for code, (each, _) in PROBLEMS.items() if each == status]
    response: Schema = {
        "description": "; ".join(f"{code}: {PROBLEMS[code][1]}" for code in codes) + ".",
        "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    headers: Schema = {}
    if RETRY_CODES.intersection(codes):
        headers["Retry-After"] = {
            "description": "Seconds.",
            "required": True,
            "schema": {"type": "string", "pattern": "^[0-9]+$"},
        }
    if status == PROBLEMS["method-not-allowed"][0]:
        headers["Allow"] = {
            "description": "The methods by which the provider calls.",
            "schema": {"type": "string"},
        }
    if headers:
        response["headers"] = headers
    return response
