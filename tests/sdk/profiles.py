"""One create request for every connector type and way of signing in; together they have every
member that the service's model knows. Each credential is a text of its own that begins with
CANARY, so that one which comes back is seen."""

import itertools

CANARY = "CANARY"
JWT_BODY = "body.signature"
ROLE = "arn:aws:iam::123456789012:role/appflow"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:client-AbCdEf"
LINK = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"
URL = {"instanceUrl": "https://example.com"}

_numbers = itertools.count(1)


def secret(length=0):
    return f"{CANARY}-{next(_numbers):04}".ljust(length, "z")


def secrets(*names):
    return {name: secret() for name in names}


def code():
    return {"oAuthRequest": {
        "authCode": secret(), "redirectUri": "https://example.com/oauth", "codeVerifier": secret(43),
    }}


def client(*more):
    return {"clientId": "client", **secrets("clientSecret", *more)}


def custom(kind, block, credentials, properties):
    signed = {"authenticationType": kind, block: credentials}
    return request("CustomConnector", "CustomConnector", signed, properties, label="example")


def request(kind, block, credentials, properties, mode="Public", label=None):
    """A create request without its name."""
    label = {"connectorLabel": label} if label else {}
    return {
        "connectorType": kind, "connectionMode": mode, **label,
        "connectorProfileConfig": {
            "connectorProfileCredentials": {block: credentials},
            "connectorProfileProperties": {block: properties},
        },
    }


def sap(credentials, **more):
    properties = {
        "applicationHostUrl": "https://sap.example.com", "applicationServicePath": "/sap/catalog",
        "portNumber": 443, "clientNumber": "100", **more,
    }
    return request("SAPOData", "SAPOData", credentials, properties,
                   mode="Private" if "privateLinkServiceName" in more else "Public")


def all_requests():
    """By a name for each."""
    staged = {"bucketName": "staging", "bucketPrefix": "in"}
    jdbc = {**staged, "databaseUrl": "jdbc:redshift://h:5439/d", "roleArn": ROLE}
    data_api = {**staged, "roleArn": ROLE, "dataApiRoleArn": ROLE, "databaseName": "d"}
    snowflake = {"warehouse": "WH 1", "stage": "DB.PUBLIC.STAGE", **staged}
    tokens = ("accessToken", "refreshToken")
    return {
        "amplitude": request("Amplitude", "Amplitude", secrets("apiKey", "secretKey"), {}),
        "custom-key": custom("APIKEY", "apiKey", secrets("apiKey", "apiSecretKey"), {}),
        "custom-basic": custom(
            "BASIC", "basic", {"username": "u", "password": secret()},
            {"profileProperties": {"site": "https://example.com"}}),
        "custom-custom": custom(
            "CUSTOM", "custom",
            {"customAuthenticationType": "signed", "credentialsMap": {"key": secret()}}, {}),
        "custom-oauth2": custom(
            "OAUTH2", "oauth2", {**client(*tokens), **code()},
            {"oAuth2Properties": {
                "tokenUrl": "https://example.com/token", "oAuth2GrantType": "AUTHORIZATION_CODE",
                "tokenUrlCustomProperties": {"audience": "crm"}}}),
        "datadog": request("Datadog", "Datadog", secrets("apiKey", "applicationKey"), URL),
        "dynatrace": request("Dynatrace", "Dynatrace", secrets("apiToken"), URL),
        "google": request(
            "Googleanalytics", "GoogleAnalytics", {**client(*tokens), **code()}, {}),
        "honeycode": request("Honeycode", "Honeycode", {**secrets(*tokens), **code()}, {}),
        "infor": request(
            "Infornexus", "InforNexus",
            {"userId": "u", **secrets("accessKeyId", "secretAccessKey", "datakey")}, URL),
        "marketo": request("Marketo", "Marketo", {**client("accessToken"), **code()}, URL),
        "pardot": request(
            "Pardot", "Pardot",
            {**secrets(*tokens), **code(), "clientCredentialsArn": SECRET},
            {**URL, "isSandboxEnvironment": True, "businessUnitId": "0Uv0"}),
        "redshift-jdbc": request(
            "Redshift", "Redshift", {"username": "u", "password": secret()}, jdbc),
        "redshift-cluster": request(
            "Redshift", "Redshift", {}, {**data_api, "clusterIdentifier": "c"}),
        "redshift-serverless": request(
            "Redshift", "Redshift", {},
            {**data_api, "isRedshiftServerless": True, "workgroupName": "w"}),
        "salesforce-code": request(
            "Salesforce", "Salesforce",
            {**secrets(*tokens), **code(), "oAuth2GrantType": "AUTHORIZATION_CODE",
             "clientCredentialsArn": SECRET},
            {**URL, "isSandboxEnvironment": False,
             "usePrivateLinkForMetadataAndAuthorization": True}, mode="Private"),
        "salesforce-jwt": request(
            "Salesforce", "Salesforce",
            {"oAuth2GrantType": "JWT_BEARER", "jwtToken": f"{CANARY}.{JWT_BODY}"}, {}),
        "sap-basic": sap(
            {"basicAuthCredentials": {"username": "u", "password": secret()}},
            privateLinkServiceName=LINK, disableSSO=True, logonLanguage="E"),
        "sap-oauth": sap(
            {"oAuthCredentials": {**client(*tokens), **code()}},
            oAuthProperties={
                "tokenUrl": "https://sap.example.com/token",
                "authCodeUrl": "https://sap.example.com/code", "oAuthScopes": ["ONE", "TWO"]}),
        "service-now": request(
            "Servicenow", "ServiceNow", {"username": "u", "password": secret()}, URL),
        "service-now-oauth": request(
            "Servicenow", "ServiceNow",
            {"oAuth2Credentials": {**client(*tokens), **code()}}, URL),
        "singular": request("Singular", "Singular", secrets("apiKey"), {}),
        "slack": request("Slack", "Slack", {**client("accessToken"), **code()}, URL),
        "snowflake": request(
            "Snowflake", "Snowflake", {"username": "u", "password": secret()},
            {**snowflake, "accountName": "a", "region": "us-east-1"}),
        "snowflake-key": request(
            "Snowflake", "Snowflake", {"username": "u", "privateKey": secret()},
            {**snowflake, "privateLinkServiceName": LINK}, mode="Private"),
        "trendmicro": request("Trendmicro", "Trendmicro", secrets("apiSecretKey"), {}),
        "veeva": request("Veeva", "Veeva", {"username": "u", "password": secret()}, URL),
        "zendesk": request("Zendesk", "Zendesk", {**client("accessToken"), **code()}, URL),
    }
