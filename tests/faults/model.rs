//! What the killed runs are about: a set of profiles that changes from round to round.

use std::collections::BTreeMap;

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom as _;
use serde_json::{Value, json};

/// The passwords that profiles have; which one is at the service is told by its digest there.
pub(crate) const SECRETS: [&str; 5] = ["alpha", "bravo", "charlie", "delta", "echo"];

/// The configuration; the profiles are in `terraform.tfvars.json`.
pub(crate) const CONFIGURATION: &str = r#"
variable "profiles" {
  type = map(object({
    name   = string
    url    = string
    kms    = string
    secret = number
    first  = bool
  }))
}

variable "secrets" {
  type      = list(string)
  sensitive = true
}

resource "aws_appflow_connector_profile" "plain" {
  for_each = { for key, profile in var.profiles : key => profile if !profile.first }

  name            = each.value.name
  connector_type  = "Slack"
  connection_mode = "Public"
  kms_arn         = each.value.kms

  connector_profile_config {
    connector_profile_credentials {
      slack {
        client_id     = "id"
        client_secret = var.secrets[each.value.secret]
        access_token  = var.secrets[each.value.secret]
      }
    }
    connector_profile_properties {
      slack {
        instance_url = each.value.url
      }
    }
  }
}

resource "aws_appflow_connector_profile" "first" {
  for_each = { for key, profile in var.profiles : key => profile if profile.first }

  name            = each.value.name
  connector_type  = "Slack"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      slack {
        client_id     = "id"
        client_secret = var.secrets[each.value.secret]
        access_token  = var.secrets[each.value.secret]
      }
    }
    connector_profile_properties {
      slack {
        instance_url = each.value.url
      }
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

output "names" {
  value = concat(
    [for profile in aws_appflow_connector_profile.plain : profile.name],
    [for profile in aws_appflow_connector_profile.first : profile.name],
  )
}
"#;

/// A profile as it is configured.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) url: String,
    /// Changing it replaces the profile under the same name.
    kms: String,
    pub(crate) secret: usize,
    /// Replaced by creating first.
    first: bool,
}

impl Profile {
    pub(crate) fn address(&self, key: &str) -> String {
        let resource = if self.first { "first" } else { "plain" };
        format!("aws_appflow_connector_profile.{resource}[\"{key}\"]")
    }

    /// The request that makes it, as somebody else would send it.
    pub(crate) fn creation(&self) -> Value {
        let secret = SECRETS[self.secret];
        json!({
            "connectorProfileName": self.name,
            "connectorType": "Slack",
            "connectionMode": "Public",
            "connectorProfileConfig": {
                "connectorProfileProperties": {"Slack": {"instanceUrl": self.url}},
                "connectorProfileCredentials": {"Slack": {
                    "clientId": "id", "clientSecret": secret, "accessToken": secret,
                }},
            },
        })
    }
}

/// The profiles that are configured, by key.
#[derive(Clone, Default)]
pub(crate) struct Profiles {
    pub(crate) by_key: BTreeMap<String, Profile>,
    /// How many keys and values there have been: none comes twice.
    made: usize,
}

impl Profiles {
    pub(crate) fn random(count: usize, random: &mut StdRng) -> Self {
        let mut profiles = Self::default();
        for _ in 0..count {
            profiles.add(random);
        }
        profiles
    }

    fn number(&mut self) -> usize {
        self.made += 1;
        self.made
    }

    /// Adds one; its key.
    pub(crate) fn add(&mut self, random: &mut StdRng) -> String {
        let number = self.number();
        let profile = Profile {
            name: format!("profile-{number}"),
            url: url(number),
            kms: kms(number),
            secret: random.random_range(0..SECRETS.len()),
            first: random.random_bool(0.3),
        };
        let key = format!("k{number}");
        self.by_key.insert(key.clone(), profile);
        key
    }

    /// Adds one that is of the `plain` resource; its key.
    pub(crate) fn add_plain(&mut self, random: &mut StdRng) -> String {
        let key = self.add(random);
        if let Some(profile) = self.by_key.get_mut(&key) {
            profile.first = false;
        }
        key
    }

    /// Deletes, adds, updates and replaces a few each, staying between 20 and 40.
    pub(crate) fn change(&mut self, random: &mut StdRng) {
        let room = 40 - self.by_key.len();
        let surplus = self.by_key.len().saturating_sub(20);
        for _ in 0..random.random_range(0..=8.min(surplus)) {
            if let Some(key) = self.any(random) {
                self.by_key.remove(&key);
            }
        }
        for _ in 0..random.random_range(2..=10) {
            let (Some(key), number) = (self.any(random), self.number()) else {
                continue;
            };
            let Some(profile) = self.by_key.get_mut(&key) else {
                continue;
            };
            match random.random_range(0..5) {
                0 => profile.url = url(number),
                1 => profile.secret = (profile.secret + 1) % SECRETS.len(),
                2 => {
                    profile.url = url(number);
                    profile.secret = random.random_range(0..SECRETS.len());
                }
                3 => profile.name = format!("profile-{number}"),
                _ => profile.kms = kms(number),
            }
        }
        for _ in 0..random.random_range(0..=8.min(room)) {
            self.add(random);
        }
    }

    /// The change is taken back.
    pub(crate) fn go_back_to(&mut self, before: Self) {
        self.by_key = before.by_key;
    }

    fn any(&self, random: &mut StdRng) -> Option<String> {
        self.by_key.keys().choose(random).cloned()
    }

    /// The text of `terraform.tfvars.json`.
    pub(crate) fn variables(&self) -> String {
        let profile = |profile: &Profile| {
            json!({
                "name": profile.name, "url": profile.url, "kms": profile.kms,
                "secret": profile.secret, "first": profile.first,
            })
        };
        let profiles: BTreeMap<_, _> = self.by_key.iter().map(|(k, p)| (k, profile(p))).collect();
        json!({"profiles": profiles, "secrets": SECRETS}).to_string()
    }
}

fn url(number: usize) -> String {
    format!("https://team-{number}.slack.com")
}

fn kms(number: usize) -> String {
    format!("arn:aws:kms:us-east-1:123456789012:key/{number}")
}
