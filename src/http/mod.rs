//! The front end: actix-web turns HTTP and WebSocket traffic into actor messages. Knows no engine.
//!
//! - [`server`]: listeners, and what holds for all of them; [`shared`]: what every route may use;
//! - [`gamecraft`], [`gamecraft_page`], [`studio`], [`admin`], [`admin_spool`], [`health`]: the routes, one file each;
//! - [`ws`]: the one file that knows `actix-web-actors`; [`mjpeg`]: the body of a picture stream;
//! - [`mod@line`]: connections, how many, and how long one may say nothing;
//! - [`raw`]: connections that leave the HTTP server; [`referee`]: the routes and the socket of the referee;
//! - [`worlds`]: opening a world; [`body`], [`cors`], [`refusal`], [`assets`], [`readable`]: what routes share.

mod admin;
mod admin_spool;
mod assets;
mod body;
mod cors;
mod drawn;
mod gamecraft;
mod gamecraft_page;
mod health;
mod line;
mod mjpeg;
pub mod raw;
mod readable;
pub mod referee;
mod refusal;
pub mod server;
pub mod shared;
mod studio;
mod worlds;
mod ws;

pub use server::{BindError, Bound, bind};
pub use shared::Shared;
