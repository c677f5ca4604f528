//! From signal and tracks to a verdict.
