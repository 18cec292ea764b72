//! A configuration with every argument that holds a secret, and with secrets on every way into
//! arguments that hold none.

use std::fmt::Write as _;

use crate::canary::{NUMBER, SECRETS, plain, quoted, spicy};

/// Connector, block, credentials (`S` stands for a secret, `P` for one of letters and digits, `J`
/// for a token) and properties.
const CONNECTORS: [(&str, &str, &str, &str); 29] = [
    ("Amplitude", "amplitude", "api_key = S\nsecret_key = S", ""),
    (
        "Datadog",
        "datadog",
        "api_key = S\napplication_key = S",
        URL,
    ),
    ("Dynatrace", "dynatrace", "api_token = S", URL),
    (
        "Googleanalytics",
        "google_analytics",
        "client_id = \"id\"\nclient_secret = S\naccess_token = S\nrefresh_token = S",
        "",
    ),
    (
        "Googleanalytics",
        "google_analytics",
        "client_id = \"id\"\nclient_secret = S\nREQUEST",
        "",
    ),
    (
        "Honeycode",
        "honeycode",
        "access_token = S\nrefresh_token = S",
        "",
    ),
    ("Honeycode", "honeycode", "REQUEST", ""),
    (
        "Infornexus",
        "infor_nexus",
        "access_key_id = S\nuser_id = \"u\"\nsecret_access_key = S\ndatakey = S",
        URL,
    ),
    (
        "Marketo",
        "marketo",
        "client_id = \"id\"\nclient_secret = S\naccess_token = S",
        URL,
    ),
    (
        "Marketo",
        "marketo",
        "client_id = \"id\"\nclient_secret = S\nREQUEST",
        URL,
    ),
    (
        "Pardot",
        "pardot",
        "access_token = S\nrefresh_token = S",
        PARDOT,
    ),
    ("Pardot", "pardot", "REQUEST", PARDOT),
    (
        "Redshift",
        "redshift",
        "username = \"u\"\npassword = S",
        REDSHIFT,
    ),
    (
        "Salesforce",
        "salesforce",
        "access_token = S\nrefresh_token = S",
        URL,
    ),
    (
        "Salesforce",
        "salesforce",
        "oauth2_grant_type = \"JWT_BEARER\"\njwt_token = J",
        URL,
    ),
    ("Salesforce", "salesforce", "REQUEST", URL),
    (
        "SAPOData",
        "sapo_data",
        "basic_auth_credentials {\nusername = \"u\"\npassword = S\n}",
        SAP,
    ),
    (
        "SAPOData",
        "sapo_data",
        "oauth_credentials {\nclient_id = \"id\"\nclient_secret = S\naccess_token = S\nrefresh_token = S\nREQUEST\n}",
        SAP_OAUTH,
    ),
    (
        "Servicenow",
        "service_now",
        "username = \"u\"\npassword = S",
        URL,
    ),
    ("Singular", "singular", "api_key = S", ""),
    (
        "Slack",
        "slack",
        "client_id = \"id\"\nclient_secret = S\naccess_token = S",
        URL,
    ),
    (
        "Slack",
        "slack",
        "client_id = \"id\"\nclient_secret = S\nREQUEST",
        URL,
    ),
    (
        "Snowflake",
        "snowflake",
        "username = \"u\"\npassword = S",
        SNOWFLAKE,
    ),
    ("Trendmicro", "trendmicro", "api_secret_key = S", ""),
    ("Veeva", "veeva", "username = \"u\"\npassword = S", URL),
    (
        "Zendesk",
        "zendesk",
        "client_id = \"id\"\nclient_secret = S\naccess_token = S",
        URL,
    ),
    (
        "CustomConnector",
        "custom_connector",
        "authentication_type = \"APIKEY\"\napi_key {\napi_key = S\napi_secret_key = S\n}",
        "",
    ),
    (
        "CustomConnector",
        "custom_connector",
        "authentication_type = \"BASIC\"\nbasic {\nusername = \"u\"\npassword = S\n}",
        "",
    ),
    (
        "CustomConnector",
        "custom_connector",
        "authentication_type = \"CUSTOM\"\ncustom {\ncustom_authentication_type = \"t\"\ncredentials_map = {\n\"key\" = S\nKEY = S\n}\n}",
        "",
    ),
];

const URL: &str = "instance_url = \"https://x.example.com\"";
const PARDOT: &str = "business_unit_id = \"0Uv123456789012345\"";
const REDSHIFT: &str = "bucket_name = \"bucket\"\ndatabase_url = \"jdbc:redshift://h:5439/d\"\n\
                        role_arn = \"arn:aws:iam::123456789012:role/r\"";
const SNOWFLAKE: &str = "warehouse = \"w\"\nstage = \"d.s.stage\"\nbucket_name = \"bucket\"";
const SAP: &str = "application_host_url = \"https://h.example.com\"\n\
                   application_service_path = \"/p\"\nport_number = 443\nclient_number = \"001\"";
const SAP_OAUTH: &str = "application_host_url = \"https://h.example.com\"\n\
                   application_service_path = \"/p\"\nport_number = 443\nclient_number = \"001\"\n\
                   oauth_properties {\nauth_code_url = \"https://a.example.com\"\n\
                   oauth_scopes = [\"s\"]\ntoken_url = \"https://t.example.com\"\n}";
const REQUEST: &str = "oauth_request {\nauth_code = S\nredirect_uri = \"https://r.example.com\"\n\
                       code_verifier = P\n}";

/// The files of a configuration.
pub(crate) struct Configuration {
    pub(crate) main: String,
    pub(crate) variables: String,
    pub(crate) values: String,
    /// How many secrets are in it.
    pub(crate) secrets: usize,
}

/// Every connector with every secret it can have. Each is another one; every second is written in
/// the block itself, the others come from a sensitive variable. `shift` makes them other secrets.
pub(crate) fn every_connector(shift: usize) -> Configuration {
    let mut count = 0;
    let mut values = String::new();
    let mut next = |make: fn(usize) -> String| {
        count += 1;
        let secret = quoted(&make(shift + count));
        if count % 2 == 0 {
            return format!("\"{secret}\"");
        }
        let _ = writeln!(values, "  \"s{count}\" = \"{secret}\"");
        format!("var.secrets[\"s{count}\"]")
    };
    let mut main = String::new();
    for (index, (kind, block, credentials, properties)) in CONNECTORS.into_iter().enumerate() {
        let mut written = String::new();
        for line in credentials.replace("REQUEST", REQUEST).lines() {
            let line = match line.rsplit_once(" = ") {
                Some(("KEY", _)) => format!("\"{}\" = {}", plain(shift + 90), next(plain)),
                Some((name, "S")) => format!("{name} = {}", next(spicy)),
                Some((name, "P")) => format!("{name} = {}", next(plain)),
                Some((name, "J")) => {
                    format!(
                        "{name} = \"{}.{}.{}\"",
                        plain(shift + 91),
                        plain(shift + 92),
                        plain(shift + 93)
                    )
                }
                _ => line.to_owned(),
            };
            let _ = writeln!(written, "{line}");
        }
        let label = if kind == "CustomConnector" {
            "connector_label = \"my-connector\"\n"
        } else {
            ""
        };
        let _ = write!(
            main,
            "resource \"aws_appflow_connector_profile\" \"c{index}\" {{\nname = \
             \"profile-{index}\"\nconnector_type = \"{kind}\"\n{label}connection_mode = \"Public\"\n\
             connector_profile_config {{\nconnector_profile_credentials {{\n{block} \
             {{\n{written}}}\n}}\nconnector_profile_properties {{\n{block} {{\n{properties}\n}}\n\
             }}\n}}\n}}\n\n"
        );
    }
    let variables = "variable \"secrets\" {\n  type      = map(string)\n  sensitive = true\n}\n\n\
                     provider \"aws\" {\n  region = \"us-east-1\"\n}\n";
    assert!(count < 90 && shift + 93 < SECRETS, "{count}");
    Configuration {
        main,
        variables: variables.to_owned(),
        values: format!("secrets = {{\n{values}}}\n"),
        secrets: count + 4,
    }
}

/// The same secret in two resources, and secrets on every way into arguments that hold none.
pub(crate) fn ways() -> Configuration {
    let main = r#"
locals {
  bundle = { user = "u", password = var.text }
  joined = join(",", var.list)
}

resource "aws_appflow_connector_profile" "derived" {
  name            = "derived"
  connector_type  = "CustomConnector"
  connector_label = "my-connector"
  connection_mode = "Public"
  connector_profile_config {
    connector_profile_credentials {
      custom_connector {
        authentication_type = "BASIC"
        basic {
          username = "user-${substr(var.text, 0, 9)}"
          password = var.text
        }
      }
    }
    connector_profile_properties {
      custom_connector {
        profile_properties = {
          template = "x-${var.text}-y"
          json     = jsonencode({ k = var.text })
          base64   = base64encode("u:${var.text}")
          offset   = base64encode("us:${var.text}")
          part     = substr(var.text, 3, 12)
          upper    = upper(local.bundle.password)
          hash     = sha256(var.text)
          number   = "n${var.number}"
          url      = urlencode(var.text)
          list     = replace(local.joined, " ", "")
          reversed = strrev(var.text)
          object   = var.object.inner.value
          if       = var.on ? var.text : "none"
          formatted = format("%s:%010d", var.text, var.number)
        }
      }
    }
  }
}

resource "aws_appflow_connector_profile" "same" {
  count           = 2
  name            = "same-${count.index}"
  connector_type  = "Datadog"
  connection_mode = "Public"
  connector_profile_config {
    connector_profile_credentials {
      datadog {
        api_key         = var.text
        application_key = var.text
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = "https://${substr(var.text, 0, 8)}.example.com/${var.number}"
      }
    }
  }
}

resource "terraform_data" "carrier" {
  input            = { text = var.text, number = var.number, list = var.list, on = var.on }
  triggers_replace = [var.text]
}

output "hidden" {
  value     = { text = var.text, derived = terraform_data.carrier.output }
  sensitive = true
}

output "profile" {
  value     = aws_appflow_connector_profile.derived
  sensitive = true
}

check "secret" {
  assert {
    condition     = length(var.text) > 1000
    error_message = "The secret ${nonsensitive(length(var.text))} is short."
  }
}
"#;
    let variables = r#"
variable "text" {
  type      = string
  sensitive = true
  validation {
    condition     = length(var.text) > 3
    error_message = "Too short."
  }
}
variable "number" {
  type      = number
  sensitive = true
}
variable "list" {
  type      = list(string)
  sensitive = true
}
variable "on" {
  type      = bool
  sensitive = true
}
variable "object" {
  type      = object({ inner = object({ value = string }) })
  sensitive = true
}
provider "aws" {
  region = "us-east-1"
}
"#;
    let values = format!(
        "text   = \"{}\"\nnumber = {NUMBER}\nlist   = [\"{}\", \"{}\"]\non     = true\nobject = {{ \
         inner = {{ value = \"{}\" }} }}\n",
        quoted(&spicy(100)),
        quoted(&spicy(101)),
        plain(102),
        plain(103)
    );
    Configuration {
        main: main.to_owned(),
        variables: variables.to_owned(),
        values,
        secrets: 6,
    }
}
