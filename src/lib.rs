//! Frameloom.
