//! `aws_appflow_connector_profile`.

mod credentials;
mod limits;
mod properties;
