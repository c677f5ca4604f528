//! What a client gives to a session on the pixel lane. Each dialect decodes its bytes to these.

use crate::media::ActionId;
use std::time::Instant;

/// One piece of input. Dialects with pictures or sound add their own variants.
#[derive(Clone, Debug, PartialEq)]
pub enum Media {
    /// A key press in a world.
    Action(Action),
    /// A correction of how a world reads its picture.
    Scene(SceneChange),
}

/// One movement that a person asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Action {
    /// The client's own number, echoed with the frame that answers it; 0 where it gave none.
    pub id: ActionId,
    /// Where to.
    pub direction: Direction,
    /// How fast, 0 (stand still) to 3.
    pub speed: f32,
    /// When the bytes that carried it had been read from the socket.
    pub received: Instant,
}

/// The four keys of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `w`
    Forward,
    /// `a`
    Left,
    /// `s`
    Back,
    /// `d`
    Right,
}

impl Direction {
    /// Every direction, in the order of the keys `w`, `a`, `s`, `d`.
    pub const ALL: [Self; 4] = [Self::Forward, Self::Left, Self::Back, Self::Right];

    /// The key that asks for it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Forward => "w",
            Self::Left => "a",
            Self::Back => "s",
            Self::Right => "d",
        }
    }

    /// The direction of a key, in lower case.
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|direction| direction.key() == key)
    }
}

/// How a world reads its picture; a field that is `None` stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SceneChange {
    /// Height of the horizon as a fraction of the picture's height, from the top, 0 to 1.
    pub horizon: Option<f32>,
    /// The kind of place.
    pub mode: Option<SceneMode>,
}

/// The kinds of place that a world tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SceneMode {
    /// Floor, ceiling, two walls and an end.
    Room,
    /// Floor and two walls under an open sky.
    Street,
    /// Floor and sky.
    Open,
    /// A picture without depth.
    Flat,
}

impl SceneMode {
    /// Every mode.
    pub const ALL: [Self; 4] = [Self::Room, Self::Street, Self::Open, Self::Flat];

    /// The name on the wire and in pages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Room => "room",
            Self::Street => "street",
            Self::Open => "open",
            Self::Flat => "flat",
        }
    }

    /// The mode of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}
