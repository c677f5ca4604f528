//! The one integration binary: everything that needs the crate from outside, or its sources.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod admin;
mod browser;
mod doctor;
mod fencer_keypoints;
mod gamecraft;
mod gpu;
mod gpu_bench;
mod gpu_telemetry;
mod grafana;
mod habits;
mod health;
mod layers;
mod limits;
mod models;
mod pages;
mod phrases;
mod process;
mod referee;
mod referee_client;
mod sources;
mod support;
mod world_box;
