//! Names of things: partitions and ARNs.

/// The partition that a region belongs to.
pub(crate) fn partition(region: &str) -> &'static str {
    const OTHERS: [(&str, &str); 5] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eusc-", "aws-eusc"),
    ];
    OTHERS
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or("aws", |(_, name)| *name)
}

/// The ARN of something of the service: `kind` is `connectorprofile`, `connector` or `flow`.
pub(crate) fn appflow(region: &str, account: &str, kind: &str, name: &str) -> String {
    format!(
        "arn:{}:appflow:{region}:{account}:{kind}/{name}",
        partition(region)
    )
}

/// The ARN of the secret that the service keeps a profile's credentials in.
pub(crate) fn secret(region: &str, account: &str, name: &str) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    let suffix = random.get(..6).unwrap_or_default();
    format!(
        "arn:{}:secretsmanager:{region}:{account}:secret:appflow!{account}-{name}-{suffix}",
        partition(region)
    )
}

/// Takes an ARN of [`appflow`] apart into kind and name, if it is of this region and account.
pub(crate) fn parse<'a>(arn: &'a str, region: &str, account: &str) -> Option<(&'a str, &'a str)> {
    let prefix = format!("arn:{}:appflow:{region}:{account}:", partition(region));
    arn.strip_prefix(&prefix)?.split_once('/')
}

/// The region in the credential scope of a SigV4 `Authorization` header.
pub(crate) fn signed_region(authorization: &str) -> Option<&str> {
    let (_, rest) = authorization.split_once("Credential=")?;
    let region = rest.split([',', ' ']).next()?.split('/').nth_back(2)?;
    is_region(region).then_some(region)
}

/// Whether that can be a region's name.
pub(crate) fn is_region(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_come_from_the_signature() {
        let signed = |scope: &str| {
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0")
        };
        let cases = [
            (
                signed("AKID/20260101/eu-west-1/appflow/aws4_request"),
                Some("eu-west-1"),
            ),
            (
                signed("A/K/20260101/us-east-2/appflow/aws4_request"),
                Some("us-east-2"),
            ),
            (signed("AKID/20260101/EU WEST/appflow/aws4_request"), None),
            (signed("AKID"), None),
            ("Bearer x".to_owned(), None),
        ];
        for (header, expected) in cases {
            assert_eq!(signed_region(&header), expected, "{header}");
        }
    }

    #[test]
    fn arns_and_back() {
        let arn = appflow("cn-north-1", "123456789012", "flow", "a/b");
        assert_eq!(arn, "arn:aws-cn:appflow:cn-north-1:123456789012:flow/a/b");
        assert_eq!(
            parse(&arn, "cn-north-1", "123456789012"),
            Some(("flow", "a/b"))
        );
        assert_eq!(parse(&arn, "us-east-1", "123456789012"), None);
    }
}
