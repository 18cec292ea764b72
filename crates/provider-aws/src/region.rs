//! The argument `region` of every type that lives in a region: an object, or what is looked up, may
//! be in another region than its provider configuration works in. This wraps the types, which know
//! nothing of it.
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/enhanced-region-support>
//!
//! Where the argument is not set it stays null: which region a provider works in is often known only
//! when its client is made. The identity of an object in a region of its own is `NAME@REGION`, which
//! is also how it is named in an import.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use flowctl_model::{AttributePath, Problem, Text, Type, Value};
use flowctl_schema::{
    Attribute, DataSource, PlanRequest, PlannedChange, Presence, ProviderError, ReadRequest,
    RemoteData, RemoteObject, RemoteObjects, ResourceType, Schema,
};
use futures::future::join_all;

use crate::arn::Arn;
use crate::client::Client;
use crate::registry::{MakeData, MakeObjects, ResourceEntry, SourceEntry};
use crate::table::{owned, problem, text, text_value, with};

const REGION: &str = "region";

/// The type with the argument, if its objects are in regions.
pub(crate) fn resource(entry: ResourceEntry, ambient: Option<&str>) -> ResourceEntry {
    if is_global(entry.pure.name()) {
        return entry;
    }
    let tells_region = entry.pure.schema().block.attribute(REGION).is_some();
    let make = Arc::new(entry.remote);
    ResourceEntry {
        pure: Arc::new(Regional {
            schema: with_argument(entry.pure.schema(), tells_region, true),
            inner: entry.pure,
            tells_region,
            ambient: ambient.map(str::to_owned),
        }),
        remote: Box::new(move |client| {
            Arc::new(RegionalObjects {
                client: Arc::clone(client),
                make: Arc::clone(&make),
                tells_region,
            })
        }),
    }
}

/// The data source or ephemeral resource type with the argument, if what it tells of is in regions.
pub(crate) fn source(entry: SourceEntry) -> SourceEntry {
    let tells_region = entry.pure.schema().block.attribute(REGION).is_some();
    if is_global(entry.pure.name()) || tells_region {
        return entry;
    }
    let make = Arc::new(entry.remote);
    SourceEntry {
        pure: Arc::new(RegionalSource {
            schema: with_argument(entry.pure.schema(), false, false),
            inner: entry.pure,
        }),
        remote: Box::new(move |client| {
            Arc::new(RegionalData {
                client: Arc::clone(client),
                make: Arc::clone(&make),
            })
        }),
    }
}

/// Whether a type has nothing to do with regions, or tells of the provider itself.
fn is_global(name: &str) -> bool {
    let about = ["aws_caller_identity", "aws_partition", "aws_region"];
    name.starts_with("aws_iam_") || about.contains(&name)
}

fn with_argument(schema: &Schema, there_already: bool, is_object: bool) -> Schema {
    let mut schema = schema.clone();
    if there_already {
        return schema;
    }
    let doc = "The region, if it is not that of the provider configuration.";
    let mut attribute = Attribute::new(REGION, Type::String, Presence::Optional, doc);
    attribute.replace = is_object;
    schema.block.attributes.push(attribute);
    // The type of the block was of the attributes before.
    schema.block.known_type = std::sync::OnceLock::new();
    schema
}

/// The pure half of a type whose objects are in regions.
struct Regional {
    inner: Arc<dyn ResourceType>,
    schema: Schema,
    /// The type has the attribute itself, which tells where an object is; its names are unique
    /// across regions.
    tells_region: bool,
    /// The region that the environment says, for provider configurations that say none.
    ambient: Option<String>,
}

impl Regional {
    /// The region of the provider configuration, if that is known without its client.
    fn home<'a>(&'a self, provider: Option<&'a Value>) -> Option<&'a str> {
        match provider.and_then(|settings| settings.get(REGION)) {
            Some(region) if !region.is_known() => None,
            Some(region) if !region.is_null() => region.as_str(),
            _ => self.ambient.as_deref(),
        }
    }
}

impl ResourceType for Regional {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = self.inner.validate(config);
        problems.extend(misnamed(config));
        problems
    }

    fn equivalent(&self, path: &AttributePath, prior: &Value, proposed: &Value) -> bool {
        self.inner.equivalent(path, prior, proposed)
    }

    fn plan(&self, request: PlanRequest<'_>) -> PlannedChange {
        let mut change = self.inner.plan(request);
        let Some(prior) = request.prior.filter(|_| !self.tells_region) else {
            return change;
        };
        let configured = request.config.get(REGION);
        let configured = configured.filter(|region| !region.is_null());
        let home = self.home(request.provider);
        let was = text(prior, REGION);
        match (was, configured) {
            // It was said nowhere, and is there already.
            (None, Some(region)) if region.is_known() => {
                let stays = whereabouts(prior).or(home) == region.as_str();
                if stays && region.as_str().is_some() {
                    change.in_place.push(AttributePath::attribute(REGION));
                }
            }
            // It is not said any more: that is another place only if the provider is known to work
            // elsewhere. Nothing is replaced on a guess.
            (Some(was), None) if home.is_none_or(|home| home == was) => {
                change.planned = with(&change.planned, [(REGION, text_value(Some(was)))]);
            }
            _ => {}
        }
        change
    }

    fn check_change(&self, request: &PlanRequest<'_>) -> Vec<Problem> {
        self.inner.check_change(request)
    }

    fn identity(&self, object: &Value) -> Option<Text> {
        self.located(self.inner.identity(object)?, object)
    }

    fn identity_with(&self, object: &Value, token: &str) -> Option<Text> {
        self.located(self.inner.identity_with(object, token)?, object)
    }

    fn identity_argument(&self) -> &'static str {
        self.inner.identity_argument()
    }

    fn create_is_repeatable(&self) -> bool {
        self.inner.create_is_repeatable()
    }

    fn is_made_with(&self, argument: &str) -> bool {
        self.inner.is_made_with(argument)
    }

    fn is_undated(&self) -> bool {
        self.inner.is_undated()
    }

    fn is_made_within(&self) -> Duration {
        self.inner.is_made_within()
    }
}

impl Regional {
    /// The identity of an object with this name; `None` while its region is not known.
    fn located(&self, name: Text, object: &Value) -> Option<Text> {
        match object.get(REGION) {
            _ if self.tells_region => Some(name),
            Some(region) if !region.is_known() => None,
            Some(region) => Some(identity(&name, region.as_str())),
            None => Some(name),
        }
    }
}

/// The region in the ARN of an object.
fn whereabouts(object: &Value) -> Option<&str> {
    let arn = Arn::parse(text(object, "arn")?).ok()?;
    (!arn.region.is_empty()).then_some(arn.region)
}

fn identity(name: &str, region: Option<&str>) -> Text {
    match region {
        Some(region) => format!("{name}@{region}").into(),
        None => name.into(),
    }
}

/// An identity as name and region.
fn parts(id: &str) -> (&str, Option<&str>) {
    match id.rsplit_once('@') {
        Some((name, region)) if !name.is_empty() && is_region(region) => (name, Some(region)),
        _ => (id, None),
    }
}

/// An argument that cannot be the name of a region.
pub(crate) fn misnamed(config: &Value) -> Option<Problem> {
    let region = text(config, REGION).filter(|region| !is_region(region))?;
    let detail = format!("{region:?} is not the name of a region.");
    let problem = problem(REGION, "Invalid region", detail);
    Some(problem.with_help("write one such as \"eu-west-1\", or leave `region` out"))
}

/// Whether a text has the form of a region's name: letters, words and a number, joined by hyphens.
fn is_region(text: &str) -> bool {
    let mut parts = text.split('-');
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let first = parts
        .next()
        .is_some_and(|part| letters(part) && (2..=4).contains(&part.len()));
    let last = parts.next_back();
    let last = last.is_some_and(|part| {
        (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    });
    let mut between = parts.peekable();
    first && last && between.peek().is_some() && between.all(letters)
}

/// The half of a type that does the requests, in whichever region each object is.
struct RegionalObjects {
    client: Arc<Client>,
    make: Arc<MakeObjects>,
    tells_region: bool,
}

impl RegionalObjects {
    fn of(&self, region: Option<&str>) -> Arc<dyn RemoteObjects> {
        match region {
            Some(region) => (self.make)(&self.client.of_region(region)),
            None => (self.make)(&self.client),
        }
    }

    /// The object as the type knows it.
    fn without(&self, object: &Value) -> Value {
        if self.tells_region {
            return object.clone();
        }
        without(object)
    }

    /// The object as it is known outside.
    fn located(&self, object: RemoteObject, region: Option<&str>) -> RemoteObject {
        if self.tells_region {
            return object;
        }
        RemoteObject {
            id: identity(&object.id, region),
            attributes: with(&object.attributes, [(REGION, text_value(region))]),
            ..object
        }
    }

    /// The name and the region that an identity stands for.
    fn parts<'a>(&self, id: &'a str, known: Option<&'a Value>) -> (&'a str, Option<&'a str>) {
        match known {
            _ if self.tells_region => (id, known.and_then(|object| text(object, REGION))),
            Some(known) => {
                let region = text(known, REGION);
                let suffix = region.and_then(|region| id.strip_suffix(region));
                let name = suffix.and_then(|rest| rest.strip_suffix('@'));
                (name.unwrap_or(id), region)
            }
            None => parts(id),
        }
    }
}

#[async_trait]
impl RemoteObjects for RegionalObjects {
    async fn read_many(
        &self,
        requests: &[ReadRequest],
    ) -> Result<Vec<Option<RemoteObject>>, ProviderError> {
        let mut regions = BTreeMap::<Option<&str>, Vec<(usize, ReadRequest)>>::new();
        for (at, request) in requests.iter().enumerate() {
            let (name, region) = self.parts(&request.id, request.prior.as_ref());
            let prior = request.prior.as_ref().map(|prior| self.without(prior));
            let request = ReadRequest {
                id: name.into(),
                prior,
            };
            regions.entry(region).or_default().push((at, request));
        }
        let read = regions.into_iter().map(|(region, requests)| async move {
            let (places, requests): (Vec<_>, Vec<_>) = requests.into_iter().unzip();
            let found = self.of(region).read_many(&requests).await?;
            let located = found
                .into_iter()
                .map(|object| Some(self.located(object?, region)));
            Ok(places.into_iter().zip(located).collect::<Vec<_>>())
        });
        let mut all = vec![None; requests.len()];
        for answers in join_all(read).await {
            for (at, object) in answers? {
                if let Some(place) = all.get_mut(at) {
                    *place = object;
                }
            }
        }
        Ok(all)
    }

    async fn create(&self, planned: &Value, token: &str) -> Result<RemoteObject, ProviderError> {
        let region = text(planned, REGION);
        let made = self
            .of(region)
            .create(&self.without(planned), token)
            .await?;
        Ok(self.located(made, region))
    }

    async fn update(
        &self,
        id: &str,
        prior: &Value,
        planned: &Value,
        token: &str,
    ) -> Result<RemoteObject, ProviderError> {
        let (name, _) = self.parts(id, Some(prior));
        let region = text(planned, REGION);
        let (before, after) = (self.without(prior), self.without(planned));
        let remote = self.of(region);
        // Only what the object is called here changes.
        if before == after && text(prior, REGION) != region {
            let request = ReadRequest {
                id: name.into(),
                prior: Some(before),
            };
            let found = remote.read_many(&[request]).await?.into_iter().next();
            if let Some(object) = found.flatten() {
                return Ok(self.located(object, region));
            }
            let object = RemoteObject {
                id: name.into(),
                attributes: after,
                created_at: None,
            };
            return Ok(self.located(object, region));
        }
        let changed = remote.update(name, &before, &after, token).await?;
        Ok(self.located(changed, region))
    }

    async fn delete(&self, id: &str, prior: &Value) -> Result<(), ProviderError> {
        let (name, region) = self.parts(id, Some(prior));
        self.of(region).delete(name, &self.without(prior)).await
    }

    async fn import(&self, id: &str) -> Result<RemoteObject, ProviderError> {
        let (name, mut region) = parts(id);
        // An ARN says itself where its object is.
        if let (None, Ok(arn)) = (region, Arn::parse(id))
            && is_region(arn.region)
            && self.client.connect("Import").await?.region != arn.region
        {
            region = Some(arn.region);
        }
        let found = self.of(region).import(name).await?;
        Ok(self.located(found, region))
    }
}

/// An object without the region.
fn without(object: &Value) -> Value {
    match object.members() {
        Some(members) if members.contains_key(REGION) => {
            let mut members = members.clone();
            members.remove(REGION);
            Value::object(members)
        }
        _ => object.clone(),
    }
}

/// The pure half of a data source whose subject is in a region.
struct RegionalSource {
    inner: Arc<dyn DataSource>,
    schema: Schema,
}

impl DataSource for RegionalSource {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = self.inner.validate(config);
        problems.extend(misnamed(config));
        problems
    }
}

/// The half of a data source that does the requests, in whichever region each subject is.
struct RegionalData {
    client: Arc<Client>,
    make: Arc<MakeData>,
}

#[async_trait]
impl RemoteData for RegionalData {
    async fn read_many(&self, configs: &[Value]) -> Vec<Result<Value, ProviderError>> {
        let mut regions = BTreeMap::<Option<String>, Vec<(usize, Value)>>::new();
        for (at, config) in configs.iter().enumerate() {
            let region = owned(config, REGION);
            regions
                .entry(region)
                .or_default()
                .push((at, without(config)));
        }
        let read = regions.into_iter().map(|(region, configs)| async move {
            let (places, configs): (Vec<_>, Vec<_>) = configs.into_iter().unzip();
            let remote = match region.as_deref() {
                Some(region) => (self.make)(&self.client.of_region(region)),
                None => (self.make)(&self.client),
            };
            let found = remote.read_many(&configs).await.into_iter();
            let told = found.map(|answer| {
                let told = text_value(region.as_deref());
                answer.map(|object| with(&object, [(REGION, told)]))
            });
            places.into_iter().zip(told.collect::<Vec<_>>())
        });
        let mut all: Vec<_> = join_all(read).await.into_iter().flatten().collect();
        all.sort_by_key(|(at, _)| *at);
        all.into_iter().map(|(_, answer)| answer).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry;

    fn profile() -> Arc<dyn ResourceType> {
        let entry = registry::resources().into_iter().next().unwrap();
        resource(entry, Some("us-east-1")).pure
    }

    fn object(region: Option<&str>) -> Value {
        Value::object([
            ("name", Value::from("crm")),
            (
                "arn",
                "arn:aws:appflow:us-east-1:123456789012:connectorprofile/crm".into(),
            ),
            (REGION, text_value(region)),
        ])
    }

    #[test]
    fn an_identity_has_the_region_if_one_is_said() {
        let profile = profile();
        let of = |region| profile.identity(&object(region)).unwrap();
        assert_eq!(&*of(None), "crm");
        assert_eq!(&*of(Some("eu-west-1")), "crm@eu-west-1");
        let unknown = with(&object(None), [(REGION, Value::unknown(Type::String))]);
        assert_eq!(profile.identity(&unknown), None);
        assert_eq!(parts("crm@eu-west-1"), ("crm", Some("eu-west-1")));
        for name in [
            "crm",
            "me@example.com",
            "@eu-west-1",
            "a@b",
            "a@us-1",
            "a@eu-west-",
        ] {
            assert_eq!(parts(name), (name, None));
        }
        for region in ["us-gov-west-1", "ap-southeast-7", "eusc-de-east-1"] {
            assert!(is_region(region), "{region}");
        }
    }

    /// What a region that was `was` is planned to be when the configuration says `said`, and whether
    /// that leaves the object where it is although the two differ.
    fn planned(
        was: Option<&str>,
        said: Option<&str>,
        home: Option<&str>,
    ) -> (Option<String>, bool) {
        let entry = registry::resources().into_iter().next().unwrap();
        let profile = resource(entry, home).pure;
        let (prior, config) = (object(was), object(said));
        let change = profile.plan(PlanRequest {
            prior: Some(&prior),
            config: &config,
            proposed: &config,
            changed: &[],
            provider: None,
        });
        let stays = !change.in_place.is_empty();
        (owned(&change.planned, REGION), stays)
    }

    #[test]
    fn nothing_is_replaced_for_saying_where_it_is() {
        let (here, there) = (Some("us-east-1"), Some("eu-west-1"));
        let is = |region: Option<&str>| region.map(str::to_owned);
        // Said for the first time: the same place, or another one.
        assert_eq!(planned(None, here, None), (is(here), true));
        assert_eq!(planned(None, there, here), (is(there), false));
        // Said no more: nobody knows that it is another place, it is the same, it is another one.
        assert_eq!(planned(there, None, None), (is(there), false));
        assert_eq!(planned(there, None, there), (is(there), false));
        assert_eq!(planned(there, None, here), (None, false));
        assert_eq!(planned(None, None, here), (None, false));
    }

    #[test]
    fn what_is_the_same_everywhere_has_no_such_argument() {
        for entry in registry::resources() {
            let name = entry.pure.name();
            let wrapped = resource(entry, None).pure;
            let block = &wrapped.schema().block;
            let has = block.attribute(REGION).is_some();
            assert_eq!(has, !name.starts_with("aws_iam_"), "{name}");
            let Type::Object(ty) = block.ty() else {
                continue;
            };
            assert_eq!(ty.attributes.contains_key(REGION), has, "{name}");
        }
    }
}
