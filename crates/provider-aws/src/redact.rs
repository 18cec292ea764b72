//! Taking secrets out of what a service says.

pub(crate) use flowctl_schema::Redactor;
