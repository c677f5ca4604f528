//! Opening a world: settings and a client's picture become a session. What the request says is the dialect's business.

use super::{gamecraft::GROUP, shared::Shared};
use crate::{
    actors::registry::{GroupLimit, Name, OnFull, OpenError, OpenSession, SessionHandle},
    config,
    dialects::gamecraft::start::ImageSource,
    media::{
        DecodeLimits, Lease,
        jpeg::{Quality, Subsampling},
    },
    pipelines::{
        Lane, OpenFault,
        world::{MotionConfig, WorldOptions},
    },
    session::{Class, EgressPolicy, IngressPolicy, SessionSpec},
};
use std::{num::NonZeroUsize, path::Path, time::Duration};

/// A frame is worth drawing for so long after its action: what a person still takes for immediate (Miller 1968, Nielsen
/// 1993: 0.1 s).
const DEADLINE: Duration = Duration::from_millis(100);

/// Failures in a row that end a world: three seconds' worth would be a frozen picture that nobody explains.
const MAX_FAILURES: u32 = 10;

/// What a client asked for.
pub struct Request {
    /// The picture, if one was given.
    pub image: Option<ImageSource>,
    /// Pixels in a row, rows.
    pub size: (u32, u32),
    /// The memory that the request's body takes, until the picture is decoded.
    pub lease: Vec<Lease>,
}

/// Opens a world.
///
/// # Errors
/// If there is no room, no model, or the picture cannot be used.
pub async fn open(shared: &Shared, request: Request) -> Result<SessionHandle, OpenError> {
    let Request { image, size, lease } = request;
    let world = shared.world.clone().ok_or_else(|| no_world(shared))?;
    let options = world_options(shared, size)?;
    let assets = shared.config.gamecraft.assets_dir.clone();
    let opener = move || {
        let opened = load(image, &assets, &options.limits)
            .and_then(|image| world.open(options, image.as_deref()));
        drop(lease);
        opened.map(Lane::from)
    };
    let open = OpenSession {
        limit: group_limit(&shared.config.gamecraft),
        model: shared.config.gamecraft.model.as_str().to_owned(),
        name: Name::Made("stream_"),
        pipeline: "world",
        opener: Box::new(opener),
    };
    shared.registry.send(open).await?
}

fn group_limit(config: &config::Gamecraft) -> GroupLimit {
    let on_full = match config.on_full {
        config::OnFull::Refuse => OnFull::Refuse,
        config::OnFull::EvictOldest => OnFull::EvictOldest,
    };
    GroupLimit {
        group: GROUP,
        max: config.max_streams.get(),
        on_full,
    }
}

fn no_world(shared: &Shared) -> OpenError {
    let model = shared.config.gamecraft.model.as_str();
    OpenError::NotReady(format!("the model `{model}` is not in the repository"))
}

fn world_options(shared: &Shared, size: (u32, u32)) -> Result<WorldOptions, OpenError> {
    let (config, limits) = (&shared.config.gamecraft, &shared.config.limits);
    let quality =
        Quality::new(config.jpeg_quality.into()).map_err(|e| OpenError::Internal(e.to_string()))?;
    let period = Duration::from_secs(1) / config.fps.get();
    Ok(WorldOptions {
        size,
        motion: MotionConfig {
            hold: config.action_hold,
            fps: config.fps.get(),
        },
        quality: (quality, Subsampling::S420),
        limits: DecodeLimits {
            max_bytes: limits.image_bytes,
            max_side: limits.image_side,
            max_pixels: limits.image_pixels,
        },
        spec: SessionSpec {
            pipeline: "world",
            ingress: IngressPolicy::NewestWins,
            egress: EgressPolicy::Latest,
            class: Class::Interactive,
            period: if config.pacing {
                period
            } else {
                Duration::ZERO
            },
            deadline: DEADLINE,
            credits: NonZeroUsize::MIN.saturating_add(1),
            still_repeat: config.still_repeat,
            idle_timeout: shared.config.sessions.idle_timeout,
            max_failures: MAX_FAILURES,
            input_rate: u32::try_from(limits.control_per_second.get()).unwrap_or(u32::MAX),
            max_viewers: limits.viewers.get(),
        },
    })
}

/// The picture's bytes; a path may only lead to a file inside the assets directory.
fn load(
    image: Option<ImageSource>,
    assets: &Path,
    limits: &DecodeLimits,
) -> Result<Option<Vec<u8>>, OpenFault> {
    match image {
        None => Ok(None),
        Some(ImageSource::Inline(bytes)) => Ok(Some(bytes)),
        Some(ImageSource::Asset(path)) => read_asset(&path, assets, limits.max_bytes).map(Some),
    }
}

fn read_asset(path: &str, assets: &Path, max_bytes: usize) -> Result<Vec<u8>, OpenFault> {
    let outside =
        || OpenFault::Invalid("image_path must name a file inside the assets directory".into());
    let root = assets.canonicalize().map_err(|_| outside())?;
    let file = root.join(path).canonicalize().map_err(|_| outside())?;
    let is_inside = file.starts_with(&root) && file.is_file();
    let size = std::fs::metadata(&file).map_err(|_| outside())?.len();
    if !is_inside || size > max_bytes as u64 {
        return Err(outside());
    }
    std::fs::read(&file).map_err(|_| outside())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_leave_the_assets_directory() {
        let dir = tempfile::tempdir().unwrap();
        let assets = dir.path().join("assets");
        std::fs::create_dir(&assets).unwrap();
        std::fs::write(assets.join("ok.png"), b"picture").unwrap();
        std::fs::write(dir.path().join("secret"), b"secret").unwrap();
        std::os::unix::fs::symlink(dir.path().join("secret"), assets.join("link.png")).unwrap();
        assert_eq!(read_asset("ok.png", &assets, 100), Ok(b"picture".to_vec()));
        let absolute = dir.path().join("secret");
        for bad in [
            "../secret",
            "link.png",
            absolute.to_str().unwrap(),
            "",
            ".",
            "missing.png",
            "a\0b",
        ] {
            assert!(
                matches!(read_asset(bad, &assets, 100), Err(OpenFault::Invalid(_))),
                "{bad:?}"
            );
        }
        assert!(
            read_asset("ok.png", &assets, 3).is_err(),
            "larger than allowed"
        );
    }
}
