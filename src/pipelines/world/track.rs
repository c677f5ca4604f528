//! One walk: binds motion and scene to the engine's tensors.

use super::{
    motion::{Motion, MotionConfig},
    scene::Scene,
};
use crate::{
    engine::{DType, Data, Model, Outputs, Role, RunError, Tensor},
    media::{
        ActionId, DecodeLimits, Rgb8, convert,
        jpeg::{Encoder, Quality, Subsampling},
        picture, resize,
    },
    pipelines::{Draft, OpenFault, Opened, Track},
    session::{Action, SceneChange, SessionSpec},
};
use std::time::Instant;

/// What a walk needs to begin.
#[derive(Clone, Debug)]
pub struct WorldOptions {
    /// Pixels in a row, rows.
    pub size: (u32, u32),
    /// How keys become movement.
    pub motion: MotionConfig,
    /// How pictures leave.
    pub quality: (Quality, Subsampling),
    /// Bounds on the client's picture.
    pub limits: DecodeLimits,
    /// The session's policies.
    pub spec: SessionSpec,
}

/// The colour of a world without a picture: the mid-grey that the original's model gets as zeros in −1 to 1.
const NO_PICTURE: [u8; 3] = [128; 3];

/// A model that draws worlds, and so opens them.
#[derive(Clone, Debug)]
pub struct WorldModel(Model);

impl WorldModel {
    /// A model with the roles `image`, `pose`, `scene` and `frame`.
    pub fn new(model: Model) -> Self {
        Self(model)
    }

    /// Decodes the picture, fits it to the frame, reads its geometry. Blocks for tens of milliseconds.
    ///
    /// # Errors
    /// If the picture cannot be used, or the size is not the model's.
    pub fn open(&self, options: WorldOptions, image: Option<&[u8]>) -> Result<Opened, OpenFault> {
        open(&self.0, options, image)
    }
}

fn open(model: &Model, options: WorldOptions, image: Option<&[u8]>) -> Result<Opened, OpenFault> {
    let (width, height) = options.size;
    let axes = [("height", height as usize), ("width", width as usize)];
    let key = model
        .key(&axes)
        .map_err(|e| OpenFault::Invalid(e.to_string()))?;
    let picture = match image {
        Some(bytes) => {
            let whole = picture::decode(bytes, &options.limits)
                .map_err(|e| OpenFault::Invalid(e.to_string()))?;
            resize::cover(&whole, width, height)
        }
        None => Rgb8::filled(width, height, NO_PICTURE),
    };
    let internal = |e: &dyn std::fmt::Display| OpenFault::Internal(e.to_string());
    let start = Encoder::new(options.quality.0, options.quality.1)
        .encode(&picture)
        .map_err(|e| internal(&e))?;
    let world = World {
        scene: Scene::fit(&picture),
        motion: Motion::new(options.motion),
        options: options.motion,
        picture,
        newest: ActionId(0),
        crossed: false,
        owes_frame: false,
    };
    let scene = Some(SceneChange {
        horizon: Some(world.scene.horizon),
        mode: Some(world.scene.mode),
    });
    Ok(Opened {
        spec: options.spec,
        track: Box::new(world),
        key,
        finish,
        quality: options.quality,
        size: options.size,
        scene,
        start,
    })
}

/// From the model's frame to pixels: planar floats, or pixels already where a GPU drew it.
fn finish(mut outputs: Outputs, into: &mut Rgb8) -> Result<(), RunError> {
    let frame = outputs.take("frame")?;
    let unfit = || {
        let shape = frame.shape();
        RunError::item(format!(
            "the frame has the shape {shape:?}, neither [1, 3, height, width] nor [1, height, width, 3]"
        ))
    };
    let side = |n: usize| u32::try_from(n).map_err(|_| RunError::item("the frame is too large"));
    match (frame.dtype(), frame.shape()) {
        (DType::U8, &[1, height, width, 3]) => {
            (into.width, into.height) = (side(width)?, side(height)?);
            into.data.clear();
            into.data.extend_from_slice(frame.as_bytes());
        }
        (DType::F32, &[1, 3, height, width]) => {
            let planes = frame.as_f32().map_err(|e| RunError::item(e.to_string()))?;
            (into.width, into.height) = (side(width)?, side(height)?);
            into.data.resize(3 * width * height, 0);
            convert::planar_to_rgb8(planes, into.width, into.height, &mut into.data);
        }
        _ => return Err(unfit()),
    }
    Ok(())
}

struct World {
    picture: Rgb8,
    scene: Scene,
    motion: Motion,
    options: MotionConfig,
    newest: ActionId,
    /// The frame drafted last ended a chunk.
    crossed: bool,
    /// What is on the screen is not how the world stands, although nothing moves: the scene was corrected, or a frame was
    /// not drawn.
    owes_frame: bool,
}

impl Track for World {
    fn act(&mut self, now: Instant, action: Action) {
        self.newest = action.id;
        self.motion.act(now, action.direction, action.speed);
    }

    fn adjust(&mut self, change: SceneChange) -> bool {
        let before = self.scene;
        if let Some(new) = change.mode {
            self.scene = self.scene.with_mode(new);
        }
        if let Some(horizon) = change.horizon {
            self.scene = self.scene.with_horizon(horizon);
        }
        let shows = self.scene != before;
        self.owes_frame |= shows;
        shows
    }

    fn is_still(&self, now: Instant) -> bool {
        !self.owes_frame && self.motion.is_still(now)
    }

    fn draft(&mut self, now: Instant) -> Draft {
        if std::mem::take(&mut self.crossed) {
            self.motion.rebase(&self.scene);
        }
        self.owes_frame = false;
        let pose = self.motion.advance(now);
        let seen = self.motion.seen(&self.scene);
        self.crossed = self.motion.needs_rebase(&self.scene);
        let row = |role: &'static str, values: &[f32]| (Role::Borrowed(role), row(values));
        Draft {
            inputs: vec![
                row("pose", &pose.to_tensor()),
                row("scene", &seen.to_tensor()),
            ],
            boundary: self.crossed,
            action: self.newest,
        }
    }

    fn not_drawn(&mut self) {
        // The chunk did not end: the pose still counts from the picture that it began with.
        self.crossed = false;
        self.owes_frame = true;
    }

    fn fresh_state(&mut self) -> Vec<(Role, Tensor)> {
        let Rgb8 {
            width,
            height,
            data,
        } = &self.picture;
        self.motion = Motion::new(self.options);
        self.crossed = false;
        // As pixels: whoever runs the model makes floats of them where it runs.
        let shape = vec![1, *height as usize, *width as usize, 3];
        let tensor = Tensor::new(shape, Data::U8(data.clone()));
        tensor.map_or_else(
            |_| Vec::new(),
            |image| vec![(Role::Borrowed("image"), image)],
        )
    }
}

/// A batch of one row.
fn row(values: &[f32]) -> Tensor {
    Tensor::f32(vec![1, values.len()], values.to_vec())
        .unwrap_or_else(|_| Tensor::zeros(DType::F32, vec![1, 0]))
}

#[cfg(test)]
#[path = "track_tests.rs"]
mod tests;
