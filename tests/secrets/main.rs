//! Nothing leaks.
