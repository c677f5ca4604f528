//! The three videos of a bout: as it came, straightened, and drawn over.
//!
//! The first two are the very JPEGs of the frames, put in order; only the third is encoded. Without ffmpeg all three stay Motion
//! JPEG in AVI, and a note says so. Invariant: a time of the bout is the same time of each video; where no frame came, the one
//! before is shown for longer.

use super::{Folder, overlay::Overlay};
use crate::{
    media::{
        DecodeLimits, Encoding, Rgb8,
        jpeg::{Encoder, Quality, Subsampling},
        picture::{decode, decode_streamed},
        spool::{FrameRef, SpoolReader},
        video::{AviWriter, Ffmpeg, FfmpegError, H264Encoder, Rate},
    },
    pipelines::{
        StageSink,
        referee::{
            conclude::{Finding, Judging, Material},
            study::DRAWN,
        },
    },
};
use bytes::Bytes;
use std::{collections::BTreeMap, fs, io::BufWriter, ops::Range, path::Path};

/// Quality of frames that came as something else than JPEG.
const QUALITY: u32 = 95;

/// Any of the reasons why a video stops.
type Fault = Box<dyn std::error::Error + Send + Sync>;

pub fn write(
    folder: &mut Folder,
    judging: &Judging,
    material: &Material,
    finding: Option<&Finding>,
    overlay: Option<&Overlay<'_>>,
    tell: &StageSink,
) {
    tell(DRAWN, 0.0, "Writing videos".into());
    if judging.ffmpeg().is_none() {
        let note = "ffmpeg is not installed: videos are Motion JPEG in AVI, which players show and browsers do not";
        folder.notes.push(note.to_owned());
    }
    let Some(rate) = folder.noted("the videos", Rate::from_fps(material.bout.fps)) else {
        return;
    };
    let job = Videos {
        ffmpeg: judging.ffmpeg(),
        material,
        rate,
    };
    let written = job.originals(folder);
    folder.artifacts.video = folder.noted("streamed_video", written);
    tell(DRAWN, 0.2, "Writing the corrected video".into());
    let written = job.corrected(folder);
    folder.artifacts.corrected_video = folder.noted("streamed_video_corrected", written);
    if let (Some(finding), Some(overlay)) = (finding, overlay) {
        let written = job.overlay(folder, finding, overlay, tell);
        folder.artifacts.analysis_video = folder.noted("streamed_video_overlay", written);
    }
    tell(DRAWN, 1.0, "Overlay and artifacts written".into());
}

struct Videos<'a> {
    ffmpeg: Option<&'a Ffmpeg>,
    material: &'a Material,
    rate: Rate,
}

impl Videos<'_> {
    fn originals(&self, folder: &mut Folder) -> Result<String, Fault> {
        let reader = &self.material.originals.1;
        let bout = &self.material.bout;
        let mut encoder = Encoder::new(Quality::new(QUALITY)?, Subsampling::S420);
        let size = (bout.width, bout.height);
        self.motion_jpeg(folder, "streamed_video", size, |at| {
            let bytes = read(reader, at)?;
            if at.encoding == Encoding::Jpeg {
                return Ok(bytes.into());
            }
            let picture = decode_streamed(at.encoding, &bytes, size, &limits(size))?;
            Ok(encoder.encode(&picture)?)
        })
    }

    fn corrected(&self, folder: &mut Folder) -> Result<String, Fault> {
        let mut encoder = Encoder::new(Quality::new(QUALITY)?, Subsampling::S420);
        let size = self.material.lens.size();
        self.motion_jpeg(folder, "streamed_video_corrected", size, |at| {
            match self.material.corrected.0.get(&at.number) {
                Some(at) => Ok(read(&self.material.corrected.1, at)?.into()),
                None => Ok(encoder.encode(&self.straightened(at)?)?),
            }
        })
    }

    fn overlay(
        &self,
        folder: &mut Folder,
        finding: &Finding,
        overlay: &Overlay<'_>,
        tell: &StageSink,
    ) -> Result<String, Fault> {
        if let Some(ffmpeg) = self.ffmpeg {
            let name = "streamed_video_overlay.mp4";
            let file = folder.dir.join(name);
            let size = self.material.lens.size();
            let encoded = match ffmpeg.encode_h264(size, self.rate, &file) {
                Ok(encoder) => self.draw(Drawing::H264(encoder), finding, overlay, tell),
                Err(error) => Err(error.into()),
            };
            match encoded {
                Ok(()) => return Ok(folder.relative(name)),
                Err(error) => {
                    let note = format!(
                        "ffmpeg could not encode the overlay, so it is Motion JPEG in AVI: {error}"
                    );
                    folder.notes.push(note);
                    // Half a file, if it is there at all: it is not told of, and does no harm if it stays.
                    let _ = fs::remove_file(file);
                }
            }
        }
        let name = "streamed_video_overlay.avi";
        let size = self.material.lens.size();
        let writer = AviWriter::create(&folder.dir.join(name), size, self.rate)?;
        let encoder = Encoder::new(Quality::new(QUALITY)?, Subsampling::S420);
        let out = Drawing::Jpeg(writer, Box::new(encoder));
        self.draw(out, finding, overlay, tell)?;
        Ok(folder.relative(name))
    }

    fn draw(
        &self,
        mut out: Drawing,
        finding: &Finding,
        overlay: &Overlay<'_>,
        tell: &StageSink,
    ) -> Result<(), Fault> {
        let tracked: BTreeMap<u64, _> = finding.tracked.iter().map(|f| (f.number, f)).collect();
        let all = self.material.places.count();
        for (at, places) in self.shown() {
            let straight = self.straightened(at)?;
            for place in places {
                let mut picture = straight.clone();
                let seconds = place as f64 / self.material.bout.fps;
                overlay.draw(&mut picture, tracked.get(&at.number).copied(), seconds);
                out.frame(&picture)?;
                let done = (place + 1) as f32 / all as f32;
                tell(DRAWN, 0.4 + 0.59 * done, "Drawing the overlay".into());
            }
        }
        out.finish()
    }

    /// Writes JPEGs in order; with ffmpeg the file becomes an MP4 of the same JPEGs. Should ffmpeg fail, the AVI stays.
    fn motion_jpeg(
        &self,
        folder: &mut Folder,
        stem: &str,
        size: (u32, u32),
        mut jpeg: impl FnMut(&FrameRef) -> Result<Bytes, Fault>,
    ) -> Result<String, Fault> {
        let avi = folder.dir.join(format!("{stem}.avi"));
        let mut writer = AviWriter::create(&avi, size, self.rate)?;
        for (at, places) in self.shown() {
            let jpeg = jpeg(at)?;
            writer.frame(&jpeg)?;
            for place in places.skip(1) {
                // The last of all is a frame of its own: nothing at the end would have no length.
                match place + 1 == self.material.places.count() {
                    true => writer.frame(&jpeg)?,
                    false => writer.again()?,
                }
            }
        }
        writer.finish()?;
        let Some(ffmpeg) = self.ffmpeg else {
            return Ok(folder.relative(&format!("{stem}.avi")));
        };
        let name = format!("{stem}.mp4");
        let mp4 = folder.dir.join(&name);
        let moved = self.remux(folder, ffmpeg, &avi, &mp4);
        let (kept, gone) = match folder.noted(&name, moved) {
            Some(()) => (name, avi),
            None => (format!("{stem}.avi"), mp4),
        };
        // Half a file, or the same frames twice: it is not told of, and does no harm if it stays.
        let _ = fs::remove_file(gone);
        Ok(folder.relative(&kept))
    }

    /// To an MP4, with sound if there is any; sound that cannot be read does not cost the video.
    fn remux(
        &self,
        folder: &mut Folder,
        ffmpeg: &Ffmpeg,
        avi: &Path,
        mp4: &Path,
    ) -> Result<(), FfmpegError> {
        if let Some(sound) = &self.material.bout.sound {
            let moved = ffmpeg.remux(avi, mp4, Some(sound));
            if folder.noted("the sound", moved).is_some() {
                return Ok(());
            }
        }
        ffmpeg.remux(avi, mp4, None)
    }

    /// The frames that show something, in order, and the places at which each is shown.
    fn shown(&self) -> impl Iterator<Item = (&FrameRef, Range<u64>)> {
        let Material {
            originals,
            undecodable,
            places,
            ..
        } = self.material;
        let frames = originals.0.iter();
        let sound = frames.filter(|(number, _)| !undecodable.contains(number));
        places.shown(sound.map(|(number, at)| (*number, at)))
    }

    /// A frame as it was analysed: from the disk, or made again where the disk had no room for it.
    fn straightened(&self, at: &FrameRef) -> Result<Rgb8, Fault> {
        let Material {
            bout,
            lens,
            originals,
            corrected,
            ..
        } = self.material;
        if let Some(kept) = corrected.0.get(&at.number) {
            return Ok(decode(&read(&corrected.1, kept)?, &limits(lens.size()))?);
        }
        let size = (bout.width, bout.height);
        let bytes = read(&originals.1, at)?;
        let picture = decode_streamed(at.encoding, &bytes, size, &limits(size))?;
        let mut straight = Rgb8::default();
        lens.apply(&picture, &mut straight)?;
        Ok(straight)
    }
}

/// What the overlay's frames go to.
enum Drawing {
    H264(H264Encoder),
    Jpeg(AviWriter<BufWriter<fs::File>>, Box<Encoder>),
}

impl Drawing {
    fn frame(&mut self, picture: &Rgb8) -> Result<(), Fault> {
        match self {
            Self::H264(encoder) => Ok(encoder.frame(picture)?),
            Self::Jpeg(writer, encoder) => Ok(writer.frame(&encoder.encode(picture)?)?),
        }
    }

    fn finish(self) -> Result<(), Fault> {
        match self {
            Self::H264(encoder) => Ok(encoder.finish()?),
            Self::Jpeg(writer, _) => Ok(writer.finish().map(drop)?),
        }
    }
}

fn read(reader: &SpoolReader, at: &FrameRef) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    reader.read(at, &mut bytes)?;
    Ok(bytes)
}

fn limits((width, height): (u32, u32)) -> DecodeLimits {
    DecodeLimits {
        max_bytes: usize::MAX,
        max_side: width.max(height),
        max_pixels: u64::from(width) * u64::from(height),
    }
}
