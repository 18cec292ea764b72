//! Who asks: the two operations of AWS STS with which a client learns whose credentials it has and
//! takes a role, in the query protocol of that service.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/Welcome.html>
//!
//! Nothing is kept of a session: its token says whose it is, and is no more verified than signatures
//! are. There are no policies, so that every role can be taken.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::endpoint::Request;
use crate::{arn, uri};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// How long a session lasts unless the request says it, and what it may say, in seconds.
const LASTS: u64 = 3600;
const MAY_LAST: std::ops::RangeInclusive<u64> = 900..=43_200;

/// An answer of the service.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Who asks, as far as a session says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) account: String,
    arn: String,
    id: String,
}

impl Session {
    /// The session whose token a request carries.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let token = STANDARD.decode(request.session.as_deref()?).ok()?;
        let session: Self = serde_json::from_slice(&token).ok()?;
        is_account(&session.account).then_some(session)
    }

    fn token(&self) -> String {
        STANDARD.encode(serde_json::to_vec(self).unwrap_or_default())
    }
}

/// Why a request is refused.
#[derive(Debug)]
struct Refused {
    code: &'static str,
    message: String,
}

/// Whether a request is one to STS: those to AppFlow have JSON, and paths.
pub(crate) fn is_for(request: &Request) -> bool {
    let kind = request.content_type.as_deref().unwrap_or_default();
    let form = kind.starts_with("application/x-www-form-urlencoded");
    form && request.method == "POST" && request.path == "/"
}

/// Answers a request; `account` is that of credentials that are of no session.
pub(crate) fn answer(request: &Request, account: &str, region: &str) -> Answer {
    let body = String::from_utf8_lossy(&request.body);
    let value = |name: &str| uri::values(&body, name).into_iter().next();
    let action = value("Action").unwrap_or_default();
    let result = match action.as_str() {
        "GetCallerIdentity" => Ok(caller(request, account, region)),
        "AssumeRole" => assume(&value),
        _ => Err(Refused {
            code: "InvalidAction",
            message: format!("Could not find operation {action} for version 2011-06-15"),
        }),
    };
    let id = uuid::Uuid::new_v4();
    match result {
        Ok(members) => Answer {
            status: 200,
            body: format!(
                "<{action}Response xmlns=\"{NAMESPACE}\"><{action}Result>{members}</{action}Result>\
                 <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{action}Response>"
            ),
        },
        Err(Refused { code, message }) => Answer {
            status: 400,
            body: format!(
                "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{code}</Code>\
                 <Message>{}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>",
                escaped(&message)
            ),
        },
    }
}

fn caller(request: &Request, account: &str, region: &str) -> String {
    let session = Session::of(request).unwrap_or_else(|| Session {
        account: account.to_owned(),
        arn: format!(
            "arn:{}:iam::{account}:user/emulator",
            arn::partition(region)
        ),
        id: "EMULATOR".to_owned(),
    });
    element("Arn", &session.arn)
        + &element("UserId", &session.id)
        + &element("Account", &session.account)
}

fn assume(value: &dyn Fn(&str) -> Option<String>) -> Result<String, Refused> {
    let invalid = |message: String| Refused {
        code: "ValidationError",
        message,
    };
    let missing = |name: &str| {
        invalid(format!(
            "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member \
             must not be null"
        ))
    };
    let role = value("RoleArn").ok_or_else(|| missing("roleArn"))?;
    let name = value("RoleSessionName").ok_or_else(|| missing("roleSessionName"))?;
    let (partition, account, path) =
        role_of(&role).ok_or_else(|| invalid(format!("{role} is invalid")))?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if !(2..=64).contains(&name.len()) || !name.chars().all(allowed) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy \
             constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"
        )));
    }
    let lasts = match value("DurationSeconds") {
        None => LASTS,
        Some(text) => text
            .parse()
            .ok()
            .filter(|seconds| MAY_LAST.contains(seconds))
            .ok_or_else(|| {
                invalid(format!(
                    "1 validation error detected: Value '{text}' at 'durationSeconds' failed to \
                     satisfy constraint: Member must have value between 900 and 43200"
                ))
            })?,
    };
    // The path of a role is no part of the ARN of a session.
    let short = path.rsplit('/').next().unwrap_or(path);
    let session = Session {
        account: account.to_owned(),
        arn: format!("arn:{partition}:sts::{account}:assumed-role/{short}/{name}"),
        id: format!("{}:{name}", identifier("AROA")),
    };
    let ends = OffsetDateTime::from(SystemTime::now() + Duration::from_secs(lasts));
    let credentials = element("AccessKeyId", &identifier("ASIA"))
        + &element(
            "SecretAccessKey",
            &uuid::Uuid::new_v4().simple().to_string(),
        )
        + &element("SessionToken", &session.token())
        + &element("Expiration", &ends.format(&Rfc3339).unwrap_or_default());
    let user = element("Arn", &session.arn) + &element("AssumedRoleId", &session.id);
    Ok(format!(
        "<Credentials>{credentials}</Credentials><AssumedRoleUser>{user}</AssumedRoleUser>"
    ))
}

/// Partition, account, and path with name of the role that an ARN names.
fn role_of(arn: &str) -> Option<(&str, &str, &str)> {
    let rest = arn.strip_prefix("arn:")?;
    let (partition, rest) = rest.split_once(":iam::")?;
    let (account, path) = rest.split_once(":role/")?;
    let whole = !partition.is_empty() && is_account(account) && !path.is_empty();
    (whole && !path.ends_with('/')).then_some((partition, account, path))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// An identifier as IAM makes them: what it is of, and sixteen characters.
fn identifier(kind: &str) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
    format!("{kind}{}", random.get(..16).unwrap_or_default())
}

fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: &str, session: Option<String>) -> Request {
        Request {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            query: String::new(),
            authorization: None,
            content_type: Some("application/x-www-form-urlencoded; charset=utf-8".to_owned()),
            session,
            from_page: false,
            body: body.as_bytes().to_vec(),
        }
    }

    fn between<'a>(text: &'a str, name: &str) -> &'a str {
        let (_, rest) = text.split_once(&format!("<{name}>")).unwrap();
        rest.split_once(&format!("</{name}>")).unwrap().0
    }

    #[test]
    fn a_session_is_told_from_its_token() {
        let role = "Action=AssumeRole&Version=2011-06-15&RoleSessionName=deploy&RoleArn=arn%3Aaws%3Aiam%3A%3A\
                    210987654321%3Arole%2Fpath%2Fadmin";
        let assumed = answer(&request(role, None), "123456789012", "us-east-1");
        assert_eq!(assumed.status, 200, "{assumed:?}");
        assert!(between(&assumed.body, "Expiration").ends_with('Z'));
        let token = between(&assumed.body, "SessionToken").to_owned();
        let ask = |session| {
            let asked = request("Action=GetCallerIdentity&Version=2011-06-15", session);
            answer(&asked, "123456789012", "us-east-1").body
        };
        let told = ask(Some(token.clone()));
        assert_eq!(between(&told, "Account"), "210987654321");
        let session = "arn:aws:sts::210987654321:assumed-role/admin/deploy";
        assert_eq!(between(&told, "Arn"), session);
        // A token of another service is that of nobody here.
        for stranger in [None, Some("FQoGZXIvYXdzEBYaD".to_owned())] {
            let told = ask(stranger);
            let user = "arn:aws:iam::123456789012:user/emulator";
            assert_eq!(between(&told, "Arn"), user);
        }
        let of = Session::of(&request("", Some(token)));
        assert_eq!(
            of.map(|session| session.account).as_deref(),
            Some("210987654321")
        );
    }

    #[test]
    fn what_cannot_be_is_refused_as_the_service_does() {
        let role = "Action=AssumeRole&RoleArn=arn:aws:iam::210987654321:role/a";
        for (body, code, words) in [
            ("Action=GetSessionToken", "InvalidAction", "GetSessionToken"),
            ("", "InvalidAction", "operation  for"),
            (role, "ValidationError", "roleSessionName"),
            (
                "Action=AssumeRole&RoleSessionName=a1",
                "ValidationError",
                "roleArn",
            ),
            (
                "Action=AssumeRole&RoleSessionName=a1&RoleArn=arn:aws:iam::1:role/%3Cb%3E",
                "ValidationError",
                "&lt;b&gt; is invalid",
            ),
            (
                &format!("{role}&RoleSessionName=a+b"),
                "ValidationError",
                "'a b'",
            ),
            (
                &format!("{role}&RoleSessionName=ab&DurationSeconds=60"),
                "ValidationError",
                "between 900",
            ),
        ] {
            let answer = answer(&request(body, None), "123456789012", "us-east-1");
            assert_eq!(answer.status, 400, "{body}");
            assert_eq!(between(&answer.body, "Code"), code, "{body}");
            assert!(
                between(&answer.body, "Message").contains(words),
                "{answer:?}"
            );
        }
    }
}
