//! Resource types of AWS: the table of `aws_appflow_connector_profile`, its encoding to and decoding
//! from the SDK's types, and the requests. The modules beside this file are not joined yet.
//!
//! This crate must not know HCL, SQLite or terminals.
