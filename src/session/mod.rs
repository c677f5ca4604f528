//! What a session is, without actors, sockets, clocks or engines: time is an argument everywhere.
//!
//! - [`spec`]: how a session keeps its input, delivers its output and paces its work, as data;
//! - [`media`]: what clients give (on the pixel lane), [`command`]: what they ask (on the control lane);
//! - [`machine`]: the state of a session and the only function that changes it;
//! - [`ingress`], [`egress`]: the buffers behind the policies;
//! - [`ledger`]: which frames of an upload are held; [`validation`]: what is wrong with them;
//! - [`pacing`]: when the next frame is due; [`rate`]: how much input a client may send;
//! - [`bout`]: a match that is sent to be judged; [`progress`]: how far a long piece of work has come.

pub mod bout;
pub mod command;
pub mod egress;
pub mod id;
pub mod ingress;
pub mod ledger;
pub mod machine;
pub mod media;
pub mod pacing;
pub mod progress;
pub mod rate;
pub mod spec;
pub mod validation;

pub use bout::{BoutSpec, SignalFile};
pub use command::{Command, EndReason};
pub use id::SessionId;
pub use ledger::{Ledger, Noted};
pub use machine::{Effect, Input, Machine, NotAllowed, State};
pub use media::{Action, Direction, Media, SceneChange, SceneMode};
pub use progress::{Stage as ProgressStage, Stages};
pub use spec::{Class, EgressPolicy, IngressPolicy, SessionSpec, SpecError};
pub use validation::Validation;
