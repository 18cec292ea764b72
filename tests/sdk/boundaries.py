"""What the service's model says of every member, turned into requests just inside and just outside
of it. The model is the one that botocore brings along, not the endpoint's."""

import copy

# A value that breaks each pattern; the two common ones first.
BROKEN = {
    r"\S+": "a b",
    ".*": "a\nb",
    r"arn:aws:iam:.*:[0-9]+:.*": "arn:aws-cn:iam::123456789012:role/r",
    r"arn:aws:secretsmanager:.*:[0-9]+:.*": "arn:aws-cn:secretsmanager:x:1:secret",
    r"^(https?)://[-a-zA-Z0-9+&@#/%?=~_|!:,.;]*[-a-zA-Z0-9+&@#/%=~_|]": "ftp://example.com",
    r"^$|com.amazonaws.vpce.[\w/!:@#.\-]+": "vpce-svc-0",
    r"^\d{3}$": "12a",
    r"^[a-zA-Z0-9_]*$": "e-",
    r"[\s\w/!@#+=.-]*": "WH'1",
    r"^[A-Za-z0-9\-._~]+$": "z" * 43 + "!",
    r"^([a-zA-Z0-9_=]+)\.([a-zA-Z0-9_=]+)\.([a-zA-Z0-9_\-\+\/=]*)": "head.body",
    r"[\w]+": "a-b",
    r"[\w/!@#+=.-]+": "a b",
    r"[a-zA-Z0-9][\w!@#.-]+": "-label",
    r"arn:aws:kms:.*:[0-9]+:.*": "arn:aws-cn:kms:us-east-1:1:key/1234",
}


def leaves(shape, value, path=()):
    """The members of the model that `value` has, with their shapes; maps and lists too."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if name in value:
                yield from leaves(member, value[name], (*path, name))
        return
    yield path, shape
    if shape.type_name == "list":
        yield from leaves(shape.member, value[0], (*path, 0))


def known(shape, path=()):
    """Paths of all members below a structure of the model."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield from known(member, (*path, name))
        return
    yield path
    if shape.type_name == "list":
        yield (*path, 0)


def required(shape, value, path=()):
    """Paths of the required members of the structures that `value` has."""
    for name, member in shape.members.items():
        if name in shape.required_members:
            yield (*path, name)
        if member.type_name == "structure" and name in value:
            yield from required(member, value[name], (*path, name))


def at(value, path):
    for step in path:
        value = value[step]
    return value


def replaced(request, path, value):
    """A copy of the request with another value at the path, or without it if `value` is None."""
    request = copy.deepcopy(request)
    parent = at(request, path[:-1])
    if value is None:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return request


def variants(shape, value):
    """Values for a member of that shape: what they are, the value, whether it is to be accepted."""
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if getattr(shape, "enum", None):
        yield "enum", "Nope", False
        for other in shape.enum if len(shape.enum) < 3 else []:
            yield f"enum {other}", other, True
    elif shape.type_name == "string":
        yield from strings(shape, value, least, most)
    elif shape.type_name == "integer":
        for number, fits in ((least, True), (least - 1, False), (most, True), (most + 1, False)):
            yield f"{number}", number, fits
    elif shape.type_name == "map":
        entry = next(iter(value.values()))
        yield "most entries", {f"k{n}": entry for n in range(most)}, True
        yield "too many entries", {f"k{n}": entry for n in range(most + 1)}, False
        for what, key, fits in strings(shape.key, "k", None, shape.key.metadata["max"]):
            yield f"key {what}", {key: entry}, fits
        for what, text, fits in strings(shape.value, entry, None, shape.value.metadata["max"]):
            yield f"value {what}", {"k": text}, fits


def strings(shape, value, least, most):
    if most is not None:
        yield "longest", value.ljust(most, "x"), True
        if most > len(value) or most == least:
            yield "too long", value.ljust(most + 1, "x"), False
    if least:
        yield "too short", value[: least - 1], False
    pattern = shape.metadata.get("pattern")
    if pattern:
        yield "pattern", BROKEN[pattern], False
    if pattern == r"\S+":
        yield "empty", "", False
