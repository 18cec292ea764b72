//! Amazon Resource Names, as far as connector profiles need them.

/// The parts of an ARN.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Arn<'a> {
    pub(crate) partition: &'a str,
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    pub(crate) resource: &'a str,
}

/// Why a text is no ARN.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an ARN has six parts separated by colons: arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE")]
pub(crate) struct NotAnArn;

impl<'a> Arn<'a> {
    /// Takes an ARN apart.
    pub(crate) fn parse(text: &'a str) -> Result<Self, NotAnArn> {
        let mut parts = text.splitn(6, ':');
        let mut part = || parts.next().ok_or(NotAnArn);
        if part()? != "arn" {
            return Err(NotAnArn);
        }
        let arn = Self {
            partition: part()?,
            service: part()?,
            region: part()?,
            account: part()?,
            resource: part()?,
        };
        let whole =
            !arn.partition.is_empty() && !arn.service.is_empty() && !arn.resource.is_empty();
        whole.then_some(arn).ok_or(NotAnArn)
    }
}

/// Whether a text is the ARN of an IAM role, so that waiting for the role makes sense.
pub(crate) fn is_role(text: &str) -> bool {
    // The service takes no longer ones.
    const LONGEST: usize = 512;
    let short = text.len() <= LONGEST;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@/-".contains(c);
    Arn::parse(text).is_ok_and(|arn| {
        short
            && arn.service == "iam"
            && arn.account.len() == 12
            && arn.account.bytes().all(|b| b.is_ascii_digit())
            && arn
                .resource
                .strip_prefix("role/")
                .is_some_and(|name| !name.is_empty() && name.chars().all(allowed))
    })
}

/// The partition of a region, and the suffix of its host names.
pub(crate) fn partition(region: &str) -> (&'static str, &'static str) {
    const PARTITIONS: &[(&str, &str, &str)] = &[
        ("cn-", "aws-cn", "amazonaws.com.cn"),
        ("us-gov-", "aws-us-gov", "amazonaws.com"),
        ("us-iso-", "aws-iso", "c2s.ic.gov"),
        ("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
        ("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"),
        ("us-isof-", "aws-iso-f", "csp.hci.ic.gov"),
        ("eusc-", "aws-eusc", "amazonaws.eu"),
    ];
    let found = PARTITIONS
        .iter()
        .find(|(prefix, _, _)| region.starts_with(prefix));
    found.map_or(("aws", "amazonaws.com"), |(_, name, suffix)| (name, suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_taken_apart() {
        let text = "arn:aws-cn:appflow:cn-north-1:123456789012:connectorprofile/a/b=c";
        let arn = Arn::parse(text).unwrap();
        assert_eq!(
            (arn.partition, arn.region, arn.account),
            ("aws-cn", "cn-north-1", "123456789012")
        );
        assert_eq!(arn.resource, "connectorprofile/a/b=c");
        for text in [
            "",
            "arn",
            "arn:aws:appflow",
            "a:b:c:d:e:f",
            "arn::appflow:r:a:x",
            "arn:aws:appflow:r:a:",
        ] {
            assert_eq!(Arn::parse(text), Err(NotAnArn), "{text}");
        }
    }

    #[test]
    fn roles_and_partitions() {
        assert!(is_role("arn:aws:iam::123456789012:role/path/name"));
        for text in [
            "arn:aws:iam::12:role/a",
            "arn:aws:iam::123456789012:user/a",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:role/a b",
            "a",
        ] {
            assert!(!is_role(text), "{text}");
        }
        assert_eq!(partition("eu-west-1"), ("aws", "amazonaws.com"));
        assert_eq!(partition("cn-north-1").0, "aws-cn");
        assert_eq!(partition("us-isob-east-1").0, "aws-iso-b");
    }
}
