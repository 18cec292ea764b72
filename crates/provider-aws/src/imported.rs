//! What a person names in an import of an object of AppFlow: its name, or its ARN.

use flowctl_schema::{ErrorKind, ProviderError};

use crate::arn::Arn;

const IMPORT: &str = "Import";

/// A kind of object.
pub(crate) struct Kind {
    /// What people call it.
    pub(crate) noun: &'static str,
    /// What its ARNs call it, with the separator.
    pub(crate) prefix: &'static str,
    /// What its name may have beside letters and digits.
    pub(crate) characters: &'static str,
}

/// A connector profile.
pub(crate) const PROFILE: Kind = Kind {
    noun: "connector profile",
    prefix: "connectorprofile/",
    characters: "_/!@#+=.-",
};
/// A flow.
pub(crate) const FLOW: Kind = Kind {
    noun: "flow",
    prefix: "flow/",
    characters: "_!@#.-",
};

impl Kind {
    /// The name in an id: other tools identify an object by its ARN.
    pub(crate) fn name_of<'a>(&self, id: &'a str) -> &'a str {
        let arn = Arn::parse(id).ok();
        arn.and_then(|arn| self.named(&arn)).unwrap_or(id)
    }

    /// The name of the object that an ARN leads to, if it leads to one of this kind.
    pub(crate) fn named<'a>(&self, arn: &Arn<'a>) -> Option<&'a str> {
        let name = arn.resource.strip_prefix(self.prefix)?;
        (arn.service == "appflow" && !name.is_empty()).then_some(name)
    }

    /// The name of the object that a person wants to import.
    pub(crate) fn importable<'a>(&self, id: &'a str) -> Result<&'a str, ProviderError> {
        let noun = self.noun;
        let refused = |message: String, hint: String| {
            ProviderError::local(ErrorKind::Validation, IMPORT, message).with_hint(hint)
        };
        let form = format!(
            "give the {}'s name, or its ARN: arn:aws:appflow:REGION:ACCOUNT:{}NAME",
            noun.rsplit(' ').next().unwrap_or(noun),
            self.prefix
        );
        if id.starts_with("arn:") {
            let arn = Arn::parse(id).map_err(|error| refused(error.to_string(), form.clone()))?;
            if arn.service != "appflow" {
                let message = format!(
                    "the ARN is of the service `{}`, not of `appflow`",
                    arn.service
                );
                return Err(refused(message, form));
            }
            return self.named(&arn).ok_or_else(|| {
                let message = format!("the ARN is not of a {noun} but of `{}`", arn.resource);
                refused(message, form)
            });
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || self.characters.contains(c);
        if id.is_empty() || id.chars().count() > 256 || !id.chars().all(allowed) {
            let message = format!("{id:?} is no name of a {noun}");
            let rule = format!(
                "a name has 1 to 256 letters, digits and characters of {}",
                self.characters
            );
            return Err(refused(message, format!("{form}; {rule}")));
        }
        Ok(id)
    }
}

/// Refuses an ARN of another region than that of the provider.
pub(crate) fn check_region(id: &str, region: &str) -> Result<(), ProviderError> {
    let Ok(arn) = Arn::parse(id) else {
        return Ok(());
    };
    if arn.region == region {
        return Ok(());
    }
    let message = format!(
        "the ARN is of region {}, but the provider works in {region}",
        arn.region
    );
    let error = ProviderError::local(ErrorKind::Validation, IMPORT, message);
    Err(error.with_hint(format!(
        "import it with a provider configuration whose region is {} (`provider \"aws\" {{ \
         alias = … region = \"{}\" }}`), or set AWS_REGION",
        arn.region, arn.region
    )))
}

/// An ARN names an account that the credentials are not of.
pub(crate) fn other_account(wanted: &str, ours: &str) -> ProviderError {
    let message = format!(
        "the ARN is of account {wanted}, but the credentials in use are those of account {ours}"
    );
    ProviderError::local(ErrorKind::Validation, IMPORT, message).with_hint(format!(
        "use credentials of account {wanted} (`profile` or `assume_role` of the provider, AWS_PROFILE)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_arns() {
        let arn = |resource: &str| format!("arn:aws:appflow:eu-west-1:123456789012:{resource}");
        assert_eq!(FLOW.importable("a.b"), Ok("a.b"));
        assert_eq!(FLOW.importable(&arn("flow/a")), Ok("a"));
        assert_eq!(FLOW.name_of(&arn("flow/a")), "a");
        assert_eq!(FLOW.name_of("a"), "a");
        assert_eq!(PROFILE.name_of(&arn("connectorprofile/a/b=c")), "a/b=c");
        for (id, words) in [
            (arn("connectorprofile/a"), "not of a flow"),
            (arn("flow/"), "not of a flow"),
            ("arn:aws:s3:::a".to_owned(), "not of `appflow`"),
            ("arn:a".to_owned(), "six parts"),
            ("a b".to_owned(), "is no name of a flow"),
            ("a/b".to_owned(), "is no name of a flow"),
            (String::new(), "is no name of a flow"),
        ] {
            let error = FLOW.importable(&id).unwrap_err();
            assert!(error.message.contains(words), "{id}: {}", error.message);
            assert!(error.hint.unwrap().contains(":flow/NAME"));
        }
        assert!(check_region(&arn("flow/a"), "eu-west-1").is_ok());
        assert!(check_region("a", "eu-west-1").is_ok());
        assert!(check_region(&arn("flow/a"), "us-east-1").is_err());
    }
}
