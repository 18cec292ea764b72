//! What flowctl does as seen from outside.
