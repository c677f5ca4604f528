//! What the world pipeline believes about a picture: where its horizon is and which box it is painted on.
//!
//! Responsible for the scene's numbers, their names and their form for the graph; [`fit`] guesses them from a picture.
//! Not for drawing. The invariant: every scene made here is finite and inside the ranges that the graph takes.

mod edges;
mod fit;

use crate::session::SceneMode;

/// A distance so large that the graph takes the face for absent (its recipe: 16 or more).
const ABSENT: f32 = 64.0;
/// Half of the vertical view at depth 1 of a 16:9 picture: GameCraft's focal length (0.5 / 0.50505) by 9/16.
const HALF_VIEW_DOWN: f32 = 0.56;

/// The box that a picture is thought to be painted on, in heights of the viewer's eye over the floor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scene {
    /// What kind of place it is.
    pub mode: SceneMode,
    /// Height of the horizon in the picture: 0 at the top, 1 at the bottom; kept within 0.1 to 0.9.
    pub horizon: f32,
    /// Height of the eye over the floor; 1 by definition where there is a floor.
    pub floor: f32,
    /// Distance of either wall from the viewer.
    pub wall: f32,
    /// Distance of the back from the viewer.
    pub back: f32,
}

impl Scene {
    /// A usual scene of its kind, with the horizon at half height.
    pub fn of(mode: SceneMode) -> Self {
        let (floor, wall, back) = match mode {
            SceneMode::Room => (1.0, 1.4, 6.0),
            SceneMode::Street => (1.0, 2.2, 9.0),
            SceneMode::Open => (1.0, ABSENT, 12.0),
            SceneMode::Flat => (ABSENT, ABSENT, 3.0),
        };
        Self {
            mode,
            horizon: 0.5,
            floor,
            wall,
            back,
        }
    }

    /// Guesses the scene of a picture, in a few milliseconds. Never fails: a picture that says nothing is flat.
    pub fn fit(picture: &crate::media::Rgb8) -> Self {
        fit::fit(picture)
    }

    /// The same place with the horizon elsewhere; what is outside 0.1 to 0.9 (or not a number) is brought inside.
    pub fn with_horizon(self, horizon: f32) -> Self {
        let horizon = if horizon.is_finite() {
            horizon.clamp(0.1, 0.9)
        } else {
            0.5
        };
        Self { horizon, ..self }
    }

    /// The same horizon with a usual box of another kind.
    pub fn with_mode(self, mode: SceneMode) -> Self {
        if mode == self.mode {
            self
        } else {
            Self {
                horizon: self.horizon,
                ..Self::of(mode)
            }
        }
    }

    /// Depth of the nearest floor (or back, where there is no floor) that the picture shows, in eye heights.
    pub fn near(&self) -> f32 {
        match self.mode {
            SceneMode::Flat => self.back,
            _ => self.floor / (2.0 * (1.0 - self.horizon) * HALF_VIEW_DOWN),
        }
    }

    /// The graph's `scene` row. A street's wall is negative, which means no ceiling.
    pub fn to_tensor(self) -> [f32; 4] {
        let wall = if self.mode == SceneMode::Street {
            -self.wall
        } else {
            self.wall
        };
        [self.horizon, self.floor, wall, self.back]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_is_read_back_from_its_name() {
        for mode in SceneMode::ALL {
            assert_eq!(SceneMode::of_name(mode.name()), Some(mode));
        }
        assert_eq!(SceneMode::of_name("Room"), None);
    }

    #[test]
    fn a_horizon_outside_the_picture_is_brought_inside() {
        let scene = Scene::of(SceneMode::Open);
        assert_eq!(scene.with_horizon(-3.0).horizon, 0.1);
        assert_eq!(scene.with_horizon(2.0).horizon, 0.9);
        assert_eq!(scene.with_horizon(f32::NAN).horizon, 0.5);
    }

    #[test]
    fn another_mode_keeps_the_horizon_and_the_same_mode_keeps_all() {
        let room = Scene {
            wall: 1.1,
            ..Scene::of(SceneMode::Room).with_horizon(0.4)
        };
        assert_eq!(room.with_mode(SceneMode::Room), room);
        assert_eq!(
            room.with_mode(SceneMode::Flat),
            Scene::of(SceneMode::Flat).with_horizon(0.4)
        );
    }

    #[test]
    fn the_tensor_tells_the_modes_apart() {
        let row = |mode| Scene::of(mode).to_tensor();
        assert!(row(SceneMode::Room)[2] > 0.0 && row(SceneMode::Room)[2] < 16.0);
        assert!(row(SceneMode::Street)[2] < 0.0);
        assert!(row(SceneMode::Open)[2] >= 16.0 && row(SceneMode::Open)[1] < 16.0);
        assert!(row(SceneMode::Flat)[1] >= 16.0);
    }
}
