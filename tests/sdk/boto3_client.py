#!/usr/bin/env python3
"""Drives the embedded endpoint with the AWS SDK for Python, as a judge that shares nothing with
flowctl: its requests, its parser, its retries and its copy of the service's model.

    tests/sdk/boto3_client.py ENDPOINT_URL

Prints what failed, then "N passed, M failed". tests/sdk/run.sh starts an endpoint for it.
"""

import datetime
import json
import sys
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError

import boundaries
import profiles
from profiles import CANARY

CHECKS = []
REGION = "us-east-1"


def check(function):
    CHECKS.append(function)
    return function


class Run:
    """An endpoint, clients for it, and the score."""

    def __init__(self, url):
        self.url = url
        self.passed, self.failures, self.answers = 0, [], 0
        self.client = self.connect()

    def connect(self, region=REGION, attempts=1):
        client = boto3.client(
            "appflow", endpoint_url=self.url, region_name=region,
            aws_access_key_id="test", aws_secret_access_key="test",
            config=Config(
                parameter_validation=False, max_pool_connections=4,
                retries={"mode": "standard", "total_max_attempts": attempts}))
        client.meta.events.register("response-received.appflow", self.look_for_secrets)
        return client

    def look_for_secrets(self, response_dict, **_):
        if response_dict is not None:
            self.answers += 1
            if CANARY.encode() in response_dict["body"]:
                self.failures.append(f"a credential came back: {response_dict['body'][:200]}")

    def equal(self, what, found, expected):
        if found == expected:
            self.passed += 1
        else:
            self.failures.append(f"{what}: {found!r}, expected {expected!r}")

    def true(self, what, holds):
        self.equal(what, bool(holds), True)

    def outcome(self, operation, client=None, **arguments):
        """The answer's status and error type, with `message` for looking at."""
        try:
            getattr(client or self.client, operation)(**arguments)
        except ClientError as error:
            answer = error.response
            self.message = answer["Error"]["Message"]
            return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]
        self.message = ""
        return 200, None

    def refused(self, what, expected, operation, **arguments):
        self.equal(what, self.outcome(operation, **arguments), expected)

    def raw(self, method, path, body=None, content_type="application/json"):
        """A request past the SDK: status, error type and parsed body."""
        data = body.encode() if body is not None else None
        headers = {"content-type": content_type}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            answer = urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            kind = answer.headers.get("x-amzn-errortype")
            return answer.status, kind, json.loads(answer.read())

    def faults(self, rules):
        self.equal(f"rules {rules}", self.raw("POST", "/_flowctl/faults", rules)[0], 200)

    def describe(self, *names, client=None):
        answer = (client or self.client).describe_connector_profiles(
            connectorProfileNames=list(names), maxResults=100)
        return answer["connectorProfileDetails"]

    def slack(self, name, **more):
        """A valid create request of that name."""
        request = profiles.all_requests()["slack"]
        return {"connectorProfileName": name, **request, **more}


INVALID = (400, "ValidationException")
CONFLICT = (409, "ConflictException")
MISSING = (404, "ResourceNotFoundException")


def as_update(request):
    update = dict(request)
    for member in ("connectorType", "connectorLabel", "kmsArn"):
        update.pop(member, None)
    return update


@check
def every_connector_lives_and_dies(run):
    client = run.client
    for name, request in profiles.all_requests().items():
        kms = "arn:aws:kms:us-east-1:123456789012:key/k"
        arn = client.create_connector_profile(
            connectorProfileName=name, kmsArn=kms, **request)["connectorProfileArn"]
        run.equal(name, arn, f"arn:aws:appflow:us-east-1:123456789012:connectorprofile/{name}")
        [profile] = run.describe(name)
        properties = request["connectorProfileConfig"]["connectorProfileProperties"]
        if "Snowflake" in properties:
            properties = json.loads(json.dumps(properties))
            properties["Snowflake"]["stage"] = "@" + properties["Snowflake"]["stage"]
        for member, expected in {
            "connectorProfileName": name, "connectorProfileArn": arn,
            "connectorType": request["connectorType"],
            "connectorLabel": request.get("connectorLabel"),
            "connectionMode": request["connectionMode"],
            "connectorProfileProperties": properties, "kmsArn": None,
            "connectorProfileCredentials": None,
            "privateConnectionProvisioningState":
                {"status": "CREATED"} if request["connectionMode"] == "Private" else None,
        }.items():
            run.equal(f"{name} {member}", profile.get(member), expected)
        run.true(f"{name} secret", profile["credentialsArn"].startswith(
            f"arn:aws:secretsmanager:us-east-1:123456789012:secret:appflow!123456789012-{name}-"))
        age = datetime.datetime.now(datetime.UTC) - profile["createdAt"]
        run.true(f"{name} age {age}", abs(age) < datetime.timedelta(minutes=1))
        run.equal(f"{name} untouched", profile["createdAt"], profile["lastUpdatedAt"])

        update = as_update(request)
        updated = client.update_connector_profile(connectorProfileName=name, **update)
        run.equal(f"{name} updated", updated["connectorProfileArn"], arn)
        [after] = run.describe(name)
        run.equal(f"{name} kept", after["createdAt"], profile["createdAt"])
        run.true(f"{name} touched", after["lastUpdatedAt"] >= profile["lastUpdatedAt"])
        run.equal(f"{name} secret kept", after["credentialsArn"], profile["credentialsArn"])

        client.delete_connector_profile(connectorProfileName=name)
        run.equal(f"{name} gone", run.describe(name), [])
        run.refused(f"{name} gone", MISSING, "delete_connector_profile", connectorProfileName=name)
        run.refused(f"{name} gone", MISSING, "update_connector_profile",
                    connectorProfileName=name, **update)


@check
def every_limit_of_the_model(run):
    create = run.client.meta.service_model.operation_model("CreateConnectorProfile").input_shape
    config = create.members["connectorProfileConfig"]
    seen = set()
    requests = {
        name: {"connectorProfileName": name, "kmsArn": "arn:aws:kms:us-east-1:1:key/k", **request}
        for name, request in profiles.all_requests().items()}
    for name, request in requests.items():
        for path in boundaries.required(create, request):
            lacking = boundaries.replaced(request, path, None)
            what = f"{name} without {'.'.join(path)}"
            run.refused(what, INVALID, "create_connector_profile", **lacking)
            run.true(f"{what}: {run.message}", path[-1] in run.message)
        for path, shape in boundaries.leaves(create, request):
            if path[0] == "connectorProfileConfig":
                seen.add(path[1:])
            value = boundaries.at(request, path)
            member = f"{name} {'.'.join(map(str, path))}"
            # Past the SDK, which cannot write a list where the model has none.
            mistyped = json.dumps(boundaries.replaced(request, path, [[]]))
            found = run.raw("POST", "/create-connector-profile", mistyped)
            run.equal(f"{member} mistyped", found[:2], (400, "SerializationException"))
            for what, variant, fits in boundaries.variants(shape, value):
                what = f"{member} {what}"
                changed = boundaries.replaced(request, path, variant)
                found = run.outcome("create_connector_profile", **changed)
                if not fits:
                    run.equal(what, found, INVALID)
                elif run.message and "failed to satisfy constraint" not in run.message:
                    run.passed += 1  # the shape lets it pass, a rule across members does not
                else:
                    run.equal(f"{what} {run.message}", found, (200, None))
                    run.outcome("delete_connector_profile",
                                connectorProfileName=changed["connectorProfileName"])
    members = set(boundaries.known(config))
    run.equal("members that no request has", members - seen, set())


@check
def rules_across_members(run):
    def create(what, expected, request):
        run.refused(what, expected, "create_connector_profile",
                    connectorProfileName="rules", **request)

    requests = profiles.all_requests()
    part = "connectorProfileConfig"
    slack = requests["slack"]
    for name, request in requests.items():
        if request["connectorType"] == "Slack":
            continue
        foreign = {**request, part: slack[part]}
        create(f"{name} with Slack's structures", INVALID, foreign)
        both = boundaries.replaced(request, (part, "connectorProfileProperties", "Slack"),
                                   slack[part]["connectorProfileProperties"]["Slack"])
        create(f"{name} with two structures", INVALID, both)
        for half in ("connectorProfileCredentials", "connectorProfileProperties"):
            create(f"{name} with empty {half}", INVALID,
                   boundaries.replaced(request, (part, half), {}))
        if "connectorLabel" not in request:
            create(f"{name} with a label", INVALID, {**request, "connectorLabel": "example"})
    for kind in ("CustomerProfiles", "EventBridge", "LookoutMetrics", "S3", "Upsolver"):
        create(kind, INVALID, {**slack, "connectorType": kind})
    custom = requests["custom-key"]
    create("no label", INVALID, {**custom, "connectorLabel": None})
    create("unknown label", MISSING, {**custom, "connectorLabel": "unheard"})
    run.true(run.message, "Connector:unheard is not registered" in run.message)
    for credentials, blank in [
        ({}, "AuthCode"),
        ({"oAuth2GrantType": "CLIENT_CREDENTIALS", "clientCredentialsArn": profiles.SECRET},
         "AuthCode"),
        ({"oAuthRequest": {"authCode": profiles.secret()}}, "RedirectUri"),
        ({"oAuth2GrantType": "JWT_BEARER"}, "JwtToken"),
    ]:
        request = profiles.request("Salesforce", "Salesforce", credentials, {})
        create(f"Salesforce without {blank}", INVALID, request)
        expected = f"Validation exception: {blank} cannot be blank for connector: SALESFORCE"
        run.equal("Salesforce", run.message, expected)
    run.equal("nothing was made", run.describe("rules"), [])


@check
def pages_and_filters(run):
    client = run.client
    names = [f"page-{number:03}" for number in range(250)]
    for name in names:
        client.create_connector_profile(**run.slack(name))
    datadog = profiles.all_requests()["datadog"]
    client.create_connector_profile(connectorProfileName="other", **datadog)

    def pages(**filters):
        found = [client.describe_connector_profiles(**filters)]
        while token := found[-1].get("nextToken"):
            found.append(client.describe_connector_profiles(**filters, nextToken=token))
        return [[p["connectorProfileName"] for p in page["connectorProfileDetails"]]
                for page in found]

    found = pages(connectorType="Slack", maxResults=100)
    run.equal("page sizes", [len(page) for page in found], [100, 100, 50])
    run.equal("all names once", sorted(sum(found, [])), names)
    run.equal("no filter", len(sum(pages(maxResults=100), [])), 251)
    run.equal("default size", len(pages()[0]), 20)
    run.equal("by type", pages(connectorType="Datadog"), [["other"]])
    run.equal("by names", sorted(sum(pages(connectorProfileNames=names[:100]), [])), names[:100])
    run.equal("unknown names", pages(connectorProfileNames=["none", "other"]), [["other"]])
    run.equal("both", pages(connectorProfileNames=["other"], connectorType="Slack"), [[]])
    for what, arguments in {
        "101 names": {"connectorProfileNames": names[:101]},
        "no results": {"maxResults": 0}, "too many results": {"maxResults": 101},
        "no token": {"nextToken": "none"}, "type": {"connectorType": "slack"},
    }.items():
        run.refused(what, INVALID, "describe_connector_profiles", **arguments)
    token = client.describe_connector_profiles(connectorType="Slack")["nextToken"]
    run.refused("another's token", INVALID, "describe_connector_profiles",
                connectorType="Datadog", nextToken=token)
    elsewhere = run.connect("eu-west-1")
    run.equal("other region", run.describe("other", client=elsewhere), [])
    arn = elsewhere.create_connector_profile(**run.slack("other"))["connectorProfileArn"]
    run.true(arn, arn.startswith("arn:aws:appflow:eu-west-1:"))
    for name in [*names, "other"]:
        client.delete_connector_profile(connectorProfileName=name)
    elsewhere.delete_connector_profile(connectorProfileName="other")


@check
def names_and_tokens(run):
    client = run.client
    request = run.slack("twice", clientToken="first")
    arn = client.create_connector_profile(**request)["connectorProfileArn"]
    again = client.create_connector_profile(**request)["connectorProfileArn"]
    run.equal("same token, same input", again, arn)
    credentials = ("connectorProfileConfig", "connectorProfileCredentials", "Slack", "clientSecret")
    for path in (credentials, ("connectorProfileName",)):
        changed = boundaries.replaced(request, path, "changed")
        run.refused(f"same token, other {path[-1]}", CONFLICT, "create_connector_profile", **changed)
    run.refused("other token", CONFLICT, "create_connector_profile",
                **{**request, "clientToken": "second"})
    run.true(run.message, "twice" in run.message)
    run.refused("long token", INVALID, "create_connector_profile",
                **{**request, "clientToken": "t" * 257})
    update = as_update({**request, "clientToken": "first update"})
    client.update_connector_profile(**update)
    [before] = run.describe("twice")
    client.update_connector_profile(**update)
    run.equal("an update is made once", run.describe("twice"), [before])
    changed = {**update, "connectionMode": "Private"}
    run.refused("other update", CONFLICT, "update_connector_profile", **changed)
    client.delete_connector_profile(connectorProfileName="twice")


@check
def custom_connectors(run):
    client = run.client
    lambda_arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    registration = {"connectorLabel": "mine", "connectorProvisioningType": "LAMBDA",
                    "connectorProvisioningConfig": {"lambda": {"lambdaArn": lambda_arn}}}
    arn = client.register_connector(**registration)["connectorArn"]
    run.equal("registered", arn, "arn:aws:appflow:us-east-1:123456789012:connector/mine")
    run.refused("registered twice", CONFLICT, "register_connector", **registration)
    client.update_connector_registration(connectorLabel="mine", description="ours")
    found = client.describe_connector(connectorType="CustomConnector", connectorLabel="mine")
    found = found["connectorConfiguration"]
    run.equal("description", found["connectorDescription"], "ours")
    run.equal("lambda", found["connectorProvisioningConfig"]["lambda"]["lambdaArn"], lambda_arn)
    run.true("time", isinstance(found["registeredAt"], datetime.datetime))
    listed, token = [], {}
    while True:
        page = client.list_connectors(maxResults=10, **token)
        listed += page["connectors"]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    run.true("listed", any(c.get("connectorLabel") == "mine" for c in listed))
    run.equal("listed once", len(listed), len({json.dumps(c, default=str) for c in listed}))
    some = client.describe_connectors(connectorTypes=["Slack", "S3"])["connectorConfigurations"]
    run.equal("described", sorted(some), ["S3", "Slack"])
    custom = {**profiles.all_requests()["custom-basic"], "connectorLabel": "mine"}
    client.create_connector_profile(connectorProfileName="labelled", **custom)
    found = client.describe_connector_profiles(
        connectorType="CustomConnector", connectorLabel="mine")["connectorProfileDetails"]
    run.equal("by label", [p["connectorProfileName"] for p in found], ["labelled"])
    run.refused("in use", CONFLICT, "unregister_connector", connectorLabel="mine")
    client.delete_connector_profile(connectorProfileName="labelled")
    client.unregister_connector(connectorLabel="mine")
    run.refused("unregistered", MISSING, "unregister_connector", connectorLabel="mine")
    run.refused("unregistered", MISSING, "describe_connector",
                connectorType="CustomConnector", connectorLabel="mine")


def flow(name, trigger="OnDemand", profile="source", **more):
    schedule = {"Scheduled": {"scheduleExpression": "rate(1hours)",
                              "scheduleStartTime": datetime.datetime(2030, 1, 2)}}
    trigger = {"triggerType": trigger, **(
        {"triggerProperties": schedule} if trigger == "Scheduled" else {})}
    return {
        "flowName": name, "triggerConfig": trigger,
        "sourceFlowConfig": {
            "connectorType": "Slack", "connectorProfileName": profile,
            "sourceConnectorProperties": {"Slack": {"object": "conversations"}}},
        "destinationFlowConfigList": [{
            "connectorType": "S3",
            "destinationConnectorProperties": {"S3": {"bucketName": "bucket"}}}],
        "tasks": [{"taskType": "Map", "sourceFields": ["a"], "destinationField": "a",
                   "connectorOperator": {"Slack": "NO_OP"}, "taskProperties": {}}],
        **more,
    }


@check
def flows_and_tags(run):
    client = run.client
    client.create_connector_profile(**run.slack("source"))
    created = client.create_flow(**flow("hourly", "Scheduled", tags={"team": "data"}))
    run.equal("created", created["flowStatus"], "Draft")
    run.refused("created twice", CONFLICT, "create_flow", **flow("hourly"))
    client.create_flow(**flow("demand"))
    run.refused("no such profile", MISSING, "create_flow", **flow("wrong", profile="none"))
    for what, change in {
        "triggerType": {"triggerConfig": {"triggerType": "Never"}},
        "TriggerProperties.Scheduled": {"triggerConfig": {"triggerType": "Scheduled"}},
        "DestinationFlowConfigList": {"destinationFlowConfigList": []},
        "'tasks'": {"tasks": None},
        "tasks.1.member.taskType": {"tasks": [{"taskType": "Nope", "sourceFields": []}]},
        "connectorOperator.Slack": {"tasks": [{"taskType": "Map", "sourceFields": [],
                                "connectorOperator": {"Slack": "NOPE"}}]},
        "Slack.object": {"sourceFlowConfig": {"connectorType": "Slack", "connectorProfileName": "source",
                                        "sourceConnectorProperties": {"Slack": {}}}},
        "flowName": {"flowName": "a\nb"},
    }.items():
        run.refused(what, INVALID, "create_flow", **{**flow("wrong"), **change})
        run.true(f"{what}: {run.message}", what in run.message)
    found = client.describe_flow(flowName="hourly")
    run.equal("tags", found["tags"], {"team": "data"})
    run.equal("start", found["triggerConfig"]["triggerProperties"]["Scheduled"]["scheduleStartTime"]
              .timestamp(), datetime.datetime(2030, 1, 2, tzinfo=datetime.UTC).timestamp())
    run.true("time", isinstance(found["createdAt"], datetime.datetime))
    run.equal("started", client.start_flow(flowName="hourly")["flowStatus"], "Active")
    run.equal("stopped", client.stop_flow(flowName="hourly")["flowStatus"], "Suspended")
    run.true("run", client.start_flow(flowName="demand")["executionId"])
    run.refused("stopped", (400, "UnsupportedOperationException"), "stop_flow", flowName="demand")
    client.update_flow(**flow("hourly", "Scheduled", description="changed"))
    run.equal("updated", client.describe_flow(flowName="hourly")["description"], "changed")
    first = client.list_flows(maxResults=1)
    second = client.list_flows(maxResults=1, nextToken=first["nextToken"])
    run.equal("listed", [f["flowName"] for p in (first, second) for f in p["flows"]],
              ["demand", "hourly"])
    arn = created["flowArn"]
    client.tag_resource(resourceArn=arn, tags={"a.b": "1", "c": "e/f g", "d": ""})
    client.untag_resource(resourceArn=arn, tagKeys=["team", "a.b"])
    run.refused("key", INVALID, "tag_resource", resourceArn=arn, tags={"aws:x": "1"})
    run.equal("tags", client.list_tags_for_resource(resourceArn=arn)["tags"],
              {"c": "e/f g", "d": ""})
    profile = "arn:aws:appflow:us-east-1:123456789012:connectorprofile/source"
    run.refused("profiles have no tags", INVALID, "tag_resource", resourceArn=profile, tags={})
    run.refused("in use", CONFLICT, "delete_connector_profile", connectorProfileName="source")
    run.true(run.message, "demand, hourly" in run.message)
    client.delete_connector_profile(connectorProfileName="source", forceDelete=True)
    for name in ("hourly", "demand"):
        client.delete_flow(flowName=name)
    run.refused("deleted", MISSING, "describe_flow", flowName="hourly")
    run.refused("deleted", MISSING, "list_tags_for_resource", resourceArn=arn)


@check
def faults(run):
    patient = run.connect(attempts=4)
    create = "create_connector_profile"
    for kind, expected in {
        "throttle": (429, "ThrottlingException"), "500": (500, "InternalServerException"),
        "503": (503, "ServiceUnavailableException"), "denied": (403, "AccessDeniedException"),
        "auth": (401, "ConnectorAuthenticationException"),
        "quota": (402, "ServiceQuotaExceededException"), "conflict": CONFLICT,
        "validation": INVALID, "server": (400, "ConnectorServerException"),
    }.items():
        run.faults(f"create:{kind}:nth=1")
        run.refused(kind, expected, create, **run.slack("faulty"))
    run.equal("nothing was made", run.describe("faulty"), [])
    run.faults("create:throttle:first=2")
    answer = patient.create_connector_profile(**run.slack("faulty"))
    run.equal("retried", answer["ResponseMetadata"]["RetryAttempts"], 2)
    run.client.delete_connector_profile(connectorProfileName="faulty")
    # The SDK makes up a token, so that its second attempt is answered as the first would have been.
    run.faults("create:lost:nth=1")
    patient.create_connector_profile(**run.slack("faulty"))
    run.equal("made once", len(run.describe("faulty")), 1)
    run.faults("delete:reset:nth=1")
    try:
        run.client.delete_connector_profile(connectorProfileName="faulty")
        run.true("a reset connection", False)
    except (ConnectionClosedError, HTTPClientError):
        run.passed += 1
    run.equal("still there", len(run.describe("faulty")), 1)
    run.faults("delete:stale=200ms")
    run.client.delete_connector_profile(connectorProfileName="faulty")
    run.equal("read too early", len(run.describe("faulty")), 1)
    run.faults("create:private-failed")
    request = profiles.all_requests()["snowflake-key"]
    run.client.create_connector_profile(connectorProfileName="private", **request)
    [profile] = run.describe("private")
    state = profile["privateConnectionProvisioningState"]
    run.equal("state", (state["status"], state["failureCause"]), ("FAILED", "ACCESS_DENIED"))
    run.client.delete_connector_profile(connectorProfileName="private")
    run.faults("")


@check
def the_wire(run):
    create = "/create-connector-profile"
    body = json.dumps({**run.slack("raw"), "extra": 1, "clientToken": None})
    for what, arguments, expected in [
        ("not JSON", ("POST", create, "{"), (400, "SerializationException")),
        ("a list", ("POST", create, "[]"), (400, "SerializationException")),
        ("no body", ("POST", create), INVALID),
        ("content type", ("POST", create, body, "text/plain"),
         (415, "UnsupportedMediaTypeException")),
        ("no operation", ("POST", "/create-nothing", "{}"), (404, "UnknownOperationException")),
        ("the root", ("POST", "/", "{}"), (404, "UnknownOperationException")),
        ("method", ("GET", create), (405, "MethodNotAllowedException")),
        ("unknown members", ("POST", create, body), (200, None)),
    ]:
        status, kind, answer = run.raw(*arguments)
        run.equal(what, (status, kind), expected)
        run.equal(f"{what} message", "message" in answer, status != 200)
    time = run.raw("POST", "/describe-connector-profiles", "{}")[2]["connectorProfileDetails"][0]
    run.true("seconds since the epoch", 1.7e9 < time["createdAt"] < 4e9)
    run.client.delete_connector_profile(connectorProfileName="raw")
    log = json.dumps(run.raw("GET", "/_flowctl/requests")[2])
    run.true("the log has requests", "CreateConnectorProfile" in log)
    run.true("the log has no credentials", CANARY not in log)


def main():
    run = Run(sys.argv[1].rstrip("/"))
    for function in CHECKS:
        before = run.passed, len(run.failures)
        try:
            function(run)
        except (ClientError, HTTPClientError, OSError, KeyError, ValueError) as error:
            run.failures.append(f"{function.__name__} ended early: {error!r}")
        passed, failed = run.passed - before[0], len(run.failures) - before[1]
        print(f"{function.__name__}: {passed} passed, {failed} failed")
    run.true("answers were looked at", run.answers > 1000)
    for failure in run.failures[:50]:
        print(f"FAILED {failure}")
    print(f"{run.passed} passed, {len(run.failures)} failed")
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
