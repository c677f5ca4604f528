//! How the viewer moves: actions become a velocity, a velocity becomes a pose, and a pose ends still.
//!
//! Responsible for speed, damping, the hold after the last action and for saying when the drawn frame should become
//! the next reference picture. Not for time (an argument everywhere) and not for drawing. The invariant: without a new
//! action the motion is exactly still within [`MotionConfig::hold`] and one second.

use std::time::{Duration, Instant};

use super::scene::Scene;
use crate::session::Direction;

/// Speed in eye heights a second for speed 1.0, at which a 1.6 m tall viewer goes 2.6 m/s: a brisk walk in a small world.
const BRISK: f32 = 1.6;
/// Exponent between the asked speed and the real one: 0.2 gives a third of brisk (a stroll), 3.0 gives twice.
const SPEED_CURVE: f32 = 2.0 / 3.0;
/// Fastest speed that an action can ask for, by the gamecraft contract.
const SPEED_MOST: f32 = 3.0;
/// Time constants of the velocity, in seconds: how fast it rises to a new aim, and how fast it falls when let go.
const RISE: f32 = 0.18;
const FALL: f32 = 0.15;
/// Below this speed (eye heights a second) a movement cannot be seen, and the viewer is set still.
const CREEP: f32 = 0.01;
/// The longest step integrated at once, in frame periods: a pause is not made up for by a jump.
const STEP_MOST: u32 = 4;
/// Height of the head's rise and fall at brisk speed, in eye heights, and the length of a double step.
const BOB: f32 = 0.010;
const STRIDE: f32 = 1.5;
/// Largest growth of the nearest floor, and of the back, before the frame becomes the reference.
const STRETCH_MOST: f32 = 1.8;
const BACK_GROWTH_MOST: f32 = 1.5;
/// Farthest walk backwards from a reference: beyond it most of the frame would be mirrored.
const BACKWARDS_MOST: f32 = 1.2;
/// Farthest walk sideways from a reference: in wall distances, and in eye heights where there is no wall.
const SIDEWAYS_OF_WALL: f32 = 0.4;
const SIDEWAYS_MOST: f32 = 1.0;
/// When this share of the scene's depth is left, the world is renewed: the view passes over to one from farther back.
const RENEW_AT: f32 = 0.45;
/// Length of that passage in remaining depths, and how far back it steps (the same number as in the graph's recipe).
const RENEW_LENGTH: f32 = 0.3;
const RENEW_STEP: f32 = 0.8;
/// Walking back never makes the scene deeper than this many of its own depths.
const DEEPEST: f32 = 1.5;

/// The unit vector of a direction: x to the right, z ahead.
fn unit(direction: Direction) -> [f32; 2] {
    match direction {
        Direction::Forward => [0.0, 1.0],
        Direction::Left => [-1.0, 0.0],
        Direction::Back => [0.0, -1.0],
        Direction::Right => [1.0, 0.0],
    }
}

/// What a motion needs to know beforehand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MotionConfig {
    /// How long an action lasts when it is not repeated.
    pub hold: Duration,
    /// Frames a second that [`Motion::advance`] is called at; at least 1.
    pub fps: u32,
}

impl Default for MotionConfig {
    fn default() -> Self {
        Self {
            hold: Duration::from_millis(250),
            fps: 30,
        }
    }
}

/// Where the viewer stands, relative to the camera of the reference picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pose {
    /// To the right, in eye heights.
    pub x: f32,
    /// Down, in eye heights.
    pub y: f32,
    /// Ahead, in eye heights.
    pub z: f32,
    /// Turn to the right, in radians.
    pub yaw: f32,
    /// Look up, in radians.
    pub pitch: f32,
    /// How far the view has passed over to the one from farther back, 0 to 1.
    pub renewal: f32,
}

impl Pose {
    /// The graph's `pose` row.
    pub fn to_tensor(self) -> [f32; 6] {
        [self.x, self.y, self.z, self.yaw, self.pitch, self.renewal]
    }
}

/// An action in force.
#[derive(Clone, Copy, Debug)]
struct Push {
    aim: [f32; 2],
    until: Instant,
}

/// The moving viewer of one session.
#[derive(Clone, Debug)]
pub struct Motion {
    config: MotionConfig,
    push: Option<Push>,
    advanced: Option<Instant>,
    /// Eye heights a second: x to the right, z ahead.
    velocity: [f32; 2],
    /// Position relative to the reference, x and z.
    place: [f32; 2],
    /// Distance gone in all, for the phase of the steps.
    gone: f32,
    /// Height of the head now, and when the reference was drawn.
    bob: f32,
    bob_of_reference: f32,
    /// Depth walked from the start picture to the reference; less than zero after walking back.
    walked: f32,
    /// Depth in which the running renewal completes.
    renewing: Option<f32>,
}

impl Motion {
    /// A viewer who stands still at the reference camera.
    pub fn new(config: MotionConfig) -> Self {
        Self {
            config,
            push: None,
            advanced: None,
            velocity: [0.0; 2],
            place: [0.0; 2],
            gone: 0.0,
            bob: 0.0,
            bob_of_reference: 0.0,
            walked: 0.0,
            renewing: None,
        }
    }

    /// Takes an action at `now`; the newest replaces the one before. A speed outside 0 to 3 is clamped, one that is
    /// not a number counts as 0, and 0 means no movement.
    pub fn act(&mut self, now: Instant, to: Direction, speed: f32) {
        if self.is_still(now) {
            // The frame that answers this action shows one frame period of movement, not none.
            self.advanced = now.checked_sub(self.period());
        }
        let speed = if speed.is_finite() {
            speed.clamp(0.0, SPEED_MOST)
        } else {
            0.0
        };
        let pace = BRISK * speed.powf(SPEED_CURVE);
        self.push = Some(Push {
            aim: unit(to).map(|part| part * pace),
            until: now + self.config.hold,
        });
    }

    /// Moves on to `now` and says where the viewer stands then. Called once a frame.
    pub fn advance(&mut self, now: Instant) -> Pose {
        let period = self.period();
        let since = self
            .advanced
            .map_or(period, |last| now.saturating_duration_since(last));
        let step = since.min(period * STEP_MOST);
        self.advanced = Some(now);
        let pushed = self.push.map_or(Duration::ZERO, |push| {
            step.saturating_sub(now.saturating_duration_since(push.until))
        });
        if let Some(push) = self.push {
            self.glide(push.aim, RISE, pushed.as_secs_f32());
            if now >= push.until {
                self.push = None;
            }
        }
        self.glide([0.0; 2], FALL, (step - pushed).as_secs_f32());
        if self.push.is_none() && self.pace() < CREEP {
            self.velocity = [0.0; 2];
        }
        self.bob = BOB
            * (self.pace() / BRISK).min(1.0)
            * (std::f32::consts::TAU * self.gone / STRIDE).sin();
        self.pose()
    }

    /// Whether nothing moves any more: the hold of the last action is over and the velocity has died away.
    pub fn is_still(&self, now: Instant) -> bool {
        let pushed = self
            .push
            .is_some_and(|push| now < push.until && push.aim != [0.0; 2]);
        !pushed && self.velocity == [0.0; 2]
    }

    /// Where the viewer stands, relative to the reference.
    pub fn pose(&self) -> Pose {
        let renewal = self
            .renewing
            .map_or(0.0, |length| (self.place[1] / length).clamp(0.0, 1.0));
        Pose {
            x: self.place[0],
            y: self.bob - self.bob_of_reference,
            z: self.place[1],
            renewal,
            ..Pose::default()
        }
    }

    /// The scene as it is seen from the reference: its back is nearer by what was walked since the start picture.
    pub fn seen(&self, scene: &Scene) -> Scene {
        Scene {
            back: scene.back - self.walked,
            ..*scene
        }
    }

    /// Whether the frame drawn at this pose should become the reference: it is stretched, it shows too much that the
    /// reference does not, or a renewal begins or is complete.
    pub fn needs_rebase(&self, scene: &Scene) -> bool {
        let [x, z] = self.place;
        let seen = self.seen(scene);
        let ahead =
            (seen.near() * (STRETCH_MOST - 1.0)).min(seen.back * (1.0 - 1.0 / BACK_GROWTH_MOST));
        let aside = (seen.wall * SIDEWAYS_OF_WALL).min(SIDEWAYS_MOST);
        let forward = match self.renewing {
            Some(length) => z >= length,
            None => z >= ahead || (z > 0.0 && seen.back - z <= scene.back * RENEW_AT),
        };
        forward || z <= -BACKWARDS_MOST || x.abs() >= aside
    }

    /// The frame drawn at this pose has become the reference: the pose starts again at zero, the velocity stays.
    pub fn rebase(&mut self, scene: &Scene) {
        let left = scene.back - self.walked;
        let renewed = self.renewing.is_some() && self.pose().renewal >= 1.0;
        let step = if renewed { left * RENEW_STEP } else { 0.0 };
        let left =
            (left - self.place[1] + step).clamp(scene.back * RENEW_AT * 0.5, scene.back * DEEPEST);
        self.walked = scene.back - left;
        self.renewing = (left <= scene.back * RENEW_AT).then_some(left * RENEW_LENGTH);
        self.place = [0.0; 2];
        self.bob_of_reference = self.bob;
    }

    fn period(&self) -> Duration {
        Duration::from_secs(1) / self.config.fps.max(1)
    }

    fn pace(&self) -> f32 {
        self.velocity[0].hypot(self.velocity[1])
    }

    /// Exact solution of `v' = (aim - v) / constant` over `seconds`, so that the frame rate does not change the walk.
    fn glide(&mut self, aim: [f32; 2], constant: f32, seconds: f32) {
        let faded = 1.0 - (-seconds / constant).exp();
        let mut gone = [0.0; 2];
        for axis in 0..2 {
            let lag = self.velocity[axis] - aim[axis];
            gone[axis] = aim[axis] * seconds + lag * constant * faded;
            self.place[axis] += gone[axis];
            self.velocity[axis] -= lag * faded;
        }
        self.gone = (self.gone + gone[0].hypot(gone[1])) % STRIDE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::SceneMode;
    use proptest::prelude::*;

    const FRAME: Duration = Duration::from_micros(33_333);

    fn motion() -> (Motion, Instant) {
        (Motion::new(MotionConfig::default()), Instant::now())
    }

    /// Holds one key for `frames`, and returns the motion and the time after them.
    fn walk(to: Direction, speed: f32, frames: u32) -> (Motion, Instant) {
        let (mut motion, mut now) = motion();
        for _ in 0..frames {
            motion.act(now, to, speed);
            motion.advance(now);
            now += FRAME;
        }
        (motion, now)
    }

    #[test]
    fn a_renewal_steps_back_as_far_here_as_in_the_graph() {
        let recipe = include_str!("../../../models/recipes/world_box.py");
        let same = format!("RENEW_STEP = {RENEW_STEP}\n");
        assert!(recipe.contains(&same), "{same}");
    }

    #[test]
    fn a_new_motion_is_still_and_at_zero() {
        let (motion, now) = motion();
        assert!(motion.is_still(now));
        assert_eq!(motion.pose(), Pose::default());
    }

    #[test]
    fn the_first_frame_after_an_action_already_moves() {
        let (mut motion, start) = motion();
        motion.advance(start);
        let later = start + Duration::from_secs(60);
        motion.act(later, Direction::Forward, 0.2);
        assert!(motion.advance(later).z > 0.0);
    }

    #[test]
    fn each_key_moves_its_own_way() {
        for (letter, sign) in [
            ("w", [0.0, 1.0]),
            ("a", [-1.0, 0.0]),
            ("s", [0.0, -1.0]),
            ("d", [1.0, 0.0]),
        ] {
            let (motion, _) = walk(Direction::of_key(letter).unwrap(), 1.0, 20);
            let pose = motion.pose();
            assert!(
                pose.x * sign[0] >= 0.0 && pose.z * sign[1] >= 0.0,
                "{letter}: {pose:?}"
            );
            assert!(
                (pose.x * sign[0] + pose.z * sign[1]) > 0.2,
                "{letter}: {pose:?}"
            );
            assert!(
                (pose.x * sign[1]).abs() + (pose.z * sign[0]).abs() < 1e-6,
                "{letter}: {pose:?}"
            );
        }
    }

    #[test]
    fn the_newest_action_wins() {
        let (mut motion, mut now) = walk(Direction::Forward, 1.0, 30);
        let before = motion.pose().x;
        for _ in 0..30 {
            motion.act(now, Direction::Right, 1.0);
            motion.advance(now);
            now += FRAME;
        }
        assert!(motion.pose().x > before + 0.5);
        assert!(motion.velocity[1].abs() < 0.05);
    }

    #[test]
    fn a_faster_speed_goes_farther_and_zero_goes_nowhere() {
        let went = |speed| walk(Direction::Forward, speed, 60).0.pose().z;
        assert_eq!(went(0.0), 0.0);
        assert!(went(0.2) > 0.5 && went(0.2) < went(1.0) && went(1.0) < went(3.0));
        assert_eq!(went(f32::NAN), 0.0);
        assert_eq!(went(9.0), went(3.0));
    }

    #[test]
    fn an_action_that_is_not_repeated_ends_after_its_hold_and_a_second() {
        let (mut motion, start) = motion();
        motion.act(start, Direction::Forward, 3.0);
        let mut now = start;
        while now < start + Duration::from_millis(1250) {
            motion.advance(now);
            now += FRAME;
        }
        assert!(motion.is_still(now));
        let rest = motion.pose();
        assert_eq!(motion.advance(now + FRAME), rest);
    }

    #[test]
    fn a_pause_of_the_clock_is_not_made_up_for_by_a_jump() {
        let (mut motion, now) = walk(Direction::Forward, 3.0, 60);
        let before = motion.pose().z;
        let after = now + Duration::from_secs(30);
        motion.act(after, Direction::Forward, 3.0);
        assert!(motion.advance(after).z - before < 0.5);
    }

    #[test]
    fn the_frame_rate_does_not_change_the_walk() {
        let went = |fps: u32| {
            let mut motion = Motion::new(MotionConfig {
                fps,
                ..MotionConfig::default()
            });
            let start = Instant::now();
            motion.advance(start);
            let frame = Duration::from_secs(1) / fps;
            for step in 0..fps * 2 {
                motion.act(start + frame * step, Direction::Forward, 1.0);
                motion.advance(start + frame * (step + 1));
            }
            motion.pose().z
        };
        assert!(
            (went(30) - went(60)).abs() < 0.06,
            "{} and {}",
            went(30),
            went(60)
        );
    }

    #[test]
    fn rebasing_sets_the_pose_to_zero_and_keeps_the_velocity() {
        let scene = Scene::of(SceneMode::Room);
        let (mut motion, _) = walk(Direction::Forward, 1.0, 30);
        let velocity = motion.velocity;
        motion.rebase(&scene);
        assert_eq!(motion.pose(), Pose::default());
        assert_eq!(motion.velocity, velocity);
    }

    #[test]
    fn a_still_viewer_never_needs_a_new_reference() {
        for mode in SceneMode::ALL {
            assert!(!motion().0.needs_rebase(&Scene::of(mode)));
        }
    }

    #[test]
    fn walking_for_a_minute_rebases_seldom_and_keeps_the_back_away() {
        for mode in SceneMode::ALL {
            for to in [
                Direction::Forward,
                Direction::Left,
                Direction::Back,
                Direction::Right,
            ] {
                let scene = Scene::of(mode);
                let (mut motion, mut now) = motion();
                let mut rebased = 0;
                for _ in 0..1800 {
                    motion.act(now, to, 1.0);
                    let pose = motion.advance(now);
                    now += FRAME;
                    let seen = motion.seen(&scene);
                    assert!(
                        seen.back - pose.z > scene.back * 0.2,
                        "{mode:?} {to:?}: {pose:?} {seen:?}"
                    );
                    if motion.needs_rebase(&scene) {
                        motion.rebase(&scene);
                        rebased += 1;
                    }
                }
                assert!((30..=260).contains(&rebased), "{mode:?} {to:?}: {rebased}");
            }
        }
    }

    #[test]
    fn a_walk_forward_passes_over_to_a_view_from_farther_back() {
        let scene = Scene::of(SceneMode::Room);
        let (mut motion, mut now) = motion();
        let mut most = 0.0_f32;
        for _ in 0..600 {
            motion.act(now, Direction::Forward, 1.0);
            most = most.max(motion.advance(now).renewal);
            now += FRAME;
            if motion.needs_rebase(&scene) {
                motion.rebase(&scene);
            }
        }
        assert_eq!(most, 1.0);
    }

    proptest! {
        #[test]
        fn any_walk_stays_bounded_and_ends_still(
            steps in prop::collection::vec((0u8..4, -1.0f32..5.0, 0u64..400), 1..200),
            mode in 0usize..4,
        ) {
            let scene = Scene::of(SceneMode::ALL[mode]);
            let (mut motion, mut now) = motion();
            for (to, speed, wait) in steps {
                let to = [Direction::Forward, Direction::Left, Direction::Back, Direction::Right][usize::from(to)];
                motion.act(now, to, speed);
                now += Duration::from_millis(wait);
                let pose = motion.advance(now);
                prop_assert!(pose.to_tensor().iter().all(|part| part.is_finite() && part.abs() < 4.0));
                if motion.needs_rebase(&scene) {
                    motion.rebase(&scene);
                }
                prop_assert!(!motion.needs_rebase(&scene));
            }
            let end = now + Duration::from_millis(1250);
            while now < end {
                motion.advance(now);
                now += FRAME;
            }
            prop_assert!(motion.is_still(now));
        }
    }
}
