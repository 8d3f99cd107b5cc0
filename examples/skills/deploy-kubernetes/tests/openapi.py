"""What a kubectl before 1.27 asks of the OpenAPI document: may a deployment be patched by dry run?

Such a kubectl reads it as protocol buffers only, so the few bytes that say yes are written here by hand, by
the field numbers of gnostic's `OpenAPIv2.proto`.
"""


def field(number: int, content: bytes | str) -> bytes:
    """A field whose content has a length: a text or a message."""
    data = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def document() -> bytes:
    kind = "group: apps\nversion: v1\nkind: Deployment\n"
    extension = field(1, "x-kubernetes-group-version-kind") + field(2, field(2, kind))
    dry_run = field(1, field(2, field(3, field(2, "query") + field(4, "dryRun"))))
    patch = field(8, dry_run) + field(13, extension)
    path = field(1, "/apis/apps/v1/namespaces/{namespace}/deployments/{name}") + field(2, field(8, patch))
    return field(1, "2.0") + field(8, field(2, path))
