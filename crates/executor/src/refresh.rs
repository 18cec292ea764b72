//! Reading many resources: grouped by provider configuration and type, in batches, in parallel.

use std::collections::BTreeMap;
use std::time::Instant;

use flowctl_model::event::{Event, Refreshed};
use flowctl_model::snapshot::Snapshot;
use flowctl_model::{Address, Text, Value};
use flowctl_schema::{ProviderError, ReadRequest, RemoteObject, RemoteObjects, merge_read};
use futures::StreamExt;
use tokio::sync::{mpsc, watch};

use crate::retry::RetryPolicy;
use crate::send::{Waiting, send_until_answered};
use crate::service::Services;

/// How many objects are asked for in one call of a provider. Providers may split further.
pub const BATCH: usize = 100;

/// What is to be read.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// For which instance.
    pub address: Address,
    /// Provider configuration: `aws`, or `aws.alias`.
    pub provider: Text,
    /// Identity in the service.
    pub id: Text,
    /// The object as state has it; `None` where only its existence is asked for.
    pub prior: Option<Value>,
}

/// What was read.
#[derive(Debug, Default)]
pub struct Found {
    /// Each instance that was asked for and answered: the live object, merged with what was known
    /// of it (and is not told by the service), or `None` if it does not exist.
    pub objects: BTreeMap<Address, Option<RemoteObject>>,
    /// Instances that could not be read, each batch once for its first instance.
    pub errors: Vec<(Address, ProviderError)>,
}

/// One lookup for each resource in a snapshot.
pub fn of_snapshot(snapshot: &Snapshot) -> Vec<Lookup> {
    let lookup = |(address, state): (&Address, &flowctl_model::snapshot::ResourceState)| Lookup {
        address: address.clone(),
        provider: state.provider.clone(),
        id: state.id.clone(),
        prior: Some(state.attributes.clone()),
    };
    snapshot.resources.iter().map(lookup).collect()
}

/// Reads everything that is asked for, with at most `parallelism` calls at a time.
pub async fn refresh(
    lookups: Vec<Lookup>,
    services: &Services,
    parallelism: usize,
    events: &mpsc::UnboundedSender<Event>,
) -> Found {
    let tell = |event| {
        // Nobody listening is no reason to stop working.
        let _ = events.send(event);
    };
    let (started, total) = (Instant::now(), lookups.len());
    if total == 0 {
        return Found::default();
    }
    tell(Event::RefreshStarted { total });
    let mut groups = BTreeMap::<(Text, Text), Vec<Lookup>>::new();
    for lookup in lookups {
        let type_name = lookup.address.resource.type_name.clone();
        groups
            .entry((lookup.provider.clone(), type_name))
            .or_default()
            .push(lookup);
    }
    let batches = groups
        .into_iter()
        .flat_map(|((provider, type_name), mut group)| {
            let mut batches = Vec::with_capacity(group.len().div_ceil(BATCH));
            while !group.is_empty() {
                let rest = group.split_off(group.len().min(BATCH));
                batches.push((
                    provider.clone(),
                    type_name.clone(),
                    std::mem::replace(&mut group, rest),
                ));
            }
            batches
        });
    let mut answers = futures::stream::iter(batches)
        .map(async |(provider, type_name, batch)| {
            let answer = read_batch(services, &provider, &type_name, &batch).await;
            (batch, answer)
        })
        .buffer_unordered(parallelism.max(1));
    let (mut found, mut done, mut present) = (Found::default(), 0, 0);
    while let Some((batch, answer)) = answers.next().await {
        done += batch.len();
        match answer {
            Ok(objects) => {
                let mut refreshed = Vec::with_capacity(batch.len());
                for (lookup, object) in batch.into_iter().zip(objects) {
                    present += usize::from(object.is_some());
                    refreshed.push(Refreshed {
                        address: lookup.address.clone(),
                        id: lookup.id,
                        found: object.is_some(),
                    });
                    found.objects.insert(lookup.address, object);
                }
                tell(Event::RefreshProgress {
                    batch: refreshed,
                    done,
                    total,
                });
            }
            Err(error) => {
                let first = batch.into_iter().next().map(|lookup| lookup.address);
                found.errors.extend(first.map(|address| (address, error)));
            }
        }
    }
    let gone = found.objects.len() - present;
    tell(Event::RefreshDone {
        found: present,
        gone,
        elapsed: started.elapsed(),
    });
    found
}

/// Reads objects, again where that may help: a plan is not to fail by a service that is busy.
pub(crate) async fn read_many(
    remote: &dyn RemoteObjects,
    requests: &[ReadRequest],
    first: &Address,
) -> Result<Vec<Option<RemoteObject>>, ProviderError> {
    // Reading may be given up at any time by dropping it, so nobody needs to be told to stop.
    let (_, never) = watch::channel(false);
    let (policy, waiting) = (RetryPolicy::default(), Waiting::default());
    let sent = send_until_answered(policy, never, &waiting, first, || {
        remote.read_many(requests)
    });
    sent.await.map_err(|failed| failed.error)
}

async fn read_batch(
    services: &Services,
    provider: &str,
    type_name: &str,
    batch: &[Lookup],
) -> Result<Vec<Option<RemoteObject>>, ProviderError> {
    let resource = services.resource_type(type_name)?;
    let remote = services.remote(provider, type_name)?;
    let request = |lookup: &Lookup| ReadRequest {
        id: lookup.id.clone(),
        prior: lookup.prior.clone(),
    };
    let requests: Vec<_> = batch.iter().map(request).collect();
    let answers = match batch.first() {
        Some(first) => read_many(&*remote, &requests, &first.address).await?,
        None => Vec::new(),
    };
    let merge = |(lookup, answer): (&Lookup, Option<RemoteObject>)| {
        let object = answer?;
        let attributes = merge_read(&**resource, lookup.prior.as_ref(), &object.attributes);
        Some(RemoteObject {
            attributes,
            ..object
        })
    };
    Ok(batch.iter().zip(answers).map(merge).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use flowctl_schema::ErrorKind;

    use super::*;
    use crate::testing::{Fault, Service, address, services};

    fn lookups(count: usize) -> Vec<Lookup> {
        let lookup = |i| Lookup {
            address: address(&format!("t{i:03}")),
            provider: "test".into(),
            id: format!("t{i:03}").into(),
            prior: Some(Value::object([("password", Value::from("kept"))])),
        };
        (0..count).map(lookup).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn resources_are_read_in_batches_and_one_that_fails_leaves_the_others() {
        let service = Arc::<Service>::default();
        service.with(|s| {
            (0..250)
                .filter(|i| i % 2 == 0)
                .for_each(|i| s.put(&format!("t{i:03}"), "1"));
            s.fault("read", "t100", &[Fault::Refuses(ErrorKind::AccessDenied)]);
        });
        let (sender, mut events) = mpsc::unbounded_channel();
        let found = refresh(lookups(250), &services(&service), 2, &sender).await;
        drop(sender);
        assert_eq!(service.with(|s| s.calls()).len(), 3);
        assert_eq!(service.with(|s| s.most_in_flight()), 2);
        assert_eq!((found.objects.len(), found.errors.len()), (150, 1));
        assert_eq!(found.errors[0].0, address("t100"));
        assert!(found.objects[&address("t001")].is_none());
        let object = found.objects[&address("t002")].as_ref().unwrap();
        // What the service does not tell is as it was known.
        assert_eq!(
            object.attributes.get("password").and_then(Value::as_str),
            Some("kept")
        );
        assert_eq!(
            object.attributes.get("arn").and_then(Value::as_str),
            Some("arn:t002")
        );
        let mut last = None;
        while let Some(event) = events.recv().await {
            last = Some(event);
        }
        assert!(
            matches!(
                last,
                Some(Event::RefreshDone {
                    found: 75,
                    gone: 75,
                    ..
                })
            ),
            "{last:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_provider_is_an_error_and_nothing_to_read_is_no_call() {
        let service = Arc::<Service>::default();
        let (events, _) = mpsc::unbounded_channel();
        let mut lookup = lookups(1);
        lookup[0].provider = "test.west".into();
        let found = refresh(lookup, &services(&service), 2, &events).await;
        assert_eq!(found.errors[0].1.kind, ErrorKind::NotConfigured);
        assert!(
            refresh(Vec::new(), &services(&service), 2, &events)
                .await
                .objects
                .is_empty()
        );
        assert!(service.with(|s| s.calls()).is_empty());
    }
}
