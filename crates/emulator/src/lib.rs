//! A local Amazon AppFlow endpoint with the real protocol, for tests and trials without an AWS
//! account. The modules beside this file are not joined yet.
//!
//! This crate uses nothing else of flowctl: it is an independent service.
