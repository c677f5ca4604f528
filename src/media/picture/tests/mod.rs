//! Picture files that are sound, odd, too big, cut off or mutated.

mod bad;
mod files;
mod good;
