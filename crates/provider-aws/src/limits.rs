//! What the service's model demands of its strings, by the names that the tables use.
//!
//! Patterns are those of the model and hold for the whole value.

use flowctl_schema::Constraint;

/// The values of `connection_mode`.
pub(crate) const CONNECTION_MODES: &[&str] = &["Public", "Private"];
/// The values of `authentication_type`.
pub(crate) const AUTHENTICATION_TYPES: &[&str] = &["OAUTH2", "APIKEY", "BASIC", "CUSTOM"];
/// The values of `oauth2_grant_type`.
pub(crate) const GRANT_TYPES: &[&str] = &["CLIENT_CREDENTIALS", "AUTHORIZATION_CODE", "JWT_BEARER"];

const URL: &str = r"^(https?)://[-a-zA-Z0-9+&@#/%?=~_|!:,.;]*[-a-zA-Z0-9+&@#/%=~_|]";
const JWT: &str = r"^([a-zA-Z0-9_=]+)\.([a-zA-Z0-9_=]+)\.([a-zA-Z0-9_\-\+\/=]*)";
const IAM_ARN: &str = "arn:aws:iam:.*:[0-9]+:.*";

/// A string of `min` to `max` characters that matches `pattern`.
pub(crate) fn matching(min: usize, max: usize, pattern: &'static str) -> Vec<Constraint> {
    vec![Constraint::Length(min, max), Constraint::Pattern(pattern)]
}

/// The name of a profile.
pub(crate) fn name() -> Vec<Constraint> {
    matching(1, 256, r"[\w/!@#+=.-]+")
}

/// The label of a connector of one's own.
pub(crate) fn label() -> Vec<Constraint> {
    matching(1, 256, r"[a-zA-Z0-9][\w!@#.-]+")
}

/// Text without white space.
pub(crate) fn word(max: usize) -> Vec<Constraint> {
    matching(0, max, r"\S+")
}

/// Any text on one line.
pub(crate) fn line(max: usize) -> Vec<Constraint> {
    matching(0, max, ".*")
}

/// The address of a web service.
pub(crate) fn url() -> Vec<Constraint> {
    matching(0, 256, URL)
}

/// The name of an S3 bucket.
pub(crate) fn bucket() -> Vec<Constraint> {
    matching(3, 63, r"\S+")
}

/// The ARN of a role.
pub(crate) fn role() -> Vec<Constraint> {
    matching(0, 512, IAM_ARN)
}

/// The ARN of a secret with client credentials.
pub(crate) fn secret_arn() -> Vec<Constraint> {
    matching(20, 2048, "arn:aws:secretsmanager:.*:[0-9]+:.*")
}

/// A JSON web token.
pub(crate) fn jwt() -> Vec<Constraint> {
    matching(0, 8000, JWT)
}

/// The verifier of an authorization code (PKCE).
pub(crate) fn code_verifier() -> Vec<Constraint> {
    matching(43, 128, r"^[A-Za-z0-9\-._~]+$")
}

/// The name of a VPC endpoint service, or empty.
pub(crate) fn private_link() -> Vec<Constraint> {
    matching(0, 512, r"^$|com.amazonaws.vpce.[\w/!:@#.\-]+")
}

/// A map of at most 50 words to texts without white space.
pub(crate) fn properties() -> Vec<Constraint> {
    vec![
        Constraint::Entries(0, 50),
        Constraint::Keys(matching(1, 128, r"[\w]+")),
        Constraint::Values(word(2048)),
    ]
}

/// A list of OAuth scopes.
pub(crate) fn scopes() -> Vec<Constraint> {
    vec![Constraint::Values(word(128))]
}

/// One of the strings of an enumeration.
pub(crate) fn one_of(strings: &'static [&'static str]) -> Vec<Constraint> {
    vec![Constraint::OneOf(strings)]
}

/// A whole number.
pub(crate) fn range(min: i64, max: i64) -> Vec<Constraint> {
    vec![Constraint::Range(min, max)]
}

/// Anything of the right type.
pub(crate) fn any() -> Vec<Constraint> {
    Vec::new()
}
