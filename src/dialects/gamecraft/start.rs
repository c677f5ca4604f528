//! The body of `/start_stream`: eleven optional fields, each checked, unknown ones ignored.
//!
//! The picture is decoded from base64 here and nowhere kept as text; the other fields are kept to be echoed.

use super::{fault::Fault, fields::Fields};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The original's default prompts and numbers.
const PROMPT: &str = "Realistic, High-quality.";
const NEGATIVE_PROMPT: &str = "overexposed, low quality, deformation, a poor composition, bad hands, bad teeth, bad eyes, bad limbs, distortion, blurring, text, subtitles, static, picture, black border.";

/// What the configuration allows.
#[derive(Clone, Copy, Debug)]
pub struct StartLimits {
    /// Characters of a prompt.
    pub prompt_chars: usize,
    /// Bytes of a decoded picture.
    pub image_bytes: usize,
}

/// A checked request.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// The picture, if one was given.
    pub image: Option<ImageSource>,
    /// Everything else.
    pub params: Params,
}

/// Where the picture comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSource {
    /// The file's bytes.
    Inline(Vec<u8>),
    /// A path inside the assets directory.
    Asset(String),
}

/// The effective parameters, as they are echoed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Params {
    /// Present, and null, only where no picture was given inline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_base64: Option<()>,
    /// The picture's path: the request's own, or the name under which an inline picture is known.
    pub image_path: Option<String>,
    /// What the world should look like; 4,000 characters at most.
    pub prompt: String,
    /// What it should not look like.
    pub add_neg_prompt: String,
    /// Height and width, 64 to 1280 in steps of 16.
    pub video_size: [u32; 2],
    /// Guidance, 0 to 30.
    pub cfg_scale: f64,
    /// Any.
    pub seed: i64,
    /// Denoising steps, 1 to 100.
    pub infer_steps: u32,
    /// Whether the model may use 8-bit floats.
    pub use_fp8: bool,
    /// Shift of the sampler's time.
    pub flow_shift_eval_video: f64,
    /// Frames a chunk, 1 to 65.
    pub sample_n_frames: u32,
}

/// The fields that are read.
const FIELDS: &[&str] = &[
    "image_base64",
    "image_path",
    "prompt",
    "add_neg_prompt",
    "video_size",
    "cfg_scale",
    "seed",
    "infer_steps",
    "use_fp8",
    "flow_shift_eval_video",
    "sample_n_frames",
];

/// Reads and checks a body.
///
/// # Errors
/// 400 naming the field, or saying what is wrong with the JSON.
pub fn parse(body: &[u8], limits: StartLimits) -> Result<Start, Fault> {
    let fields = Reader(Fields::read(body, FIELDS)?);
    let image = fields.image(limits.image_bytes)?;
    let image_path = match &image {
        Some(ImageSource::Asset(path)) => Some(path.clone()),
        Some(ImageSource::Inline(_)) | None => None,
    };
    let params = Params {
        image_base64: (!matches!(image, Some(ImageSource::Inline(_)))).then_some(()),
        image_path,
        prompt: fields.text("prompt", PROMPT, limits.prompt_chars)?,
        add_neg_prompt: fields.text("add_neg_prompt", NEGATIVE_PROMPT, limits.prompt_chars)?,
        video_size: fields.video_size()?,
        cfg_scale: fields.number("cfg_scale", 1.0, 0.0, 30.0)?,
        seed: fields.get("seed", 250_161, "a whole number of 64 bits")?,
        infer_steps: fields.count("infer_steps", 8, 1, 100)?,
        use_fp8: fields.get("use_fp8", true, "true or false")?,
        flow_shift_eval_video: fields.number("flow_shift_eval_video", 5.0, 0.0, 1000.0)?,
        sample_n_frames: fields.count("sample_n_frames", 9, 1, 65)?,
    };
    Ok(Start { image, params })
}

struct Reader<'a>(Fields<'a>);

impl<'a> Reader<'a> {
    fn get<T: Deserialize<'a>>(&self, name: &str, default: T, expected: &str) -> Result<T, Fault> {
        let Some(raw) = self.0.get(name) else {
            return Ok(default);
        };
        serde_json::from_str(raw).map_err(|_| Fault::field(name, expected))
    }

    fn number(&self, name: &str, default: f64, min: f64, max: f64) -> Result<f64, Fault> {
        let expected = format!("a number from {min} to {max}");
        let value: f64 = self.get(name, default, &expected)?;
        if (min..=max).contains(&value) {
            Ok(value)
        } else {
            Err(Fault::field(name, &expected))
        }
    }

    fn count(&self, name: &str, default: u32, min: u32, max: u32) -> Result<u32, Fault> {
        let expected = format!("a whole number from {min} to {max}");
        let value: u32 = self.get(name, default, &expected)?;
        if (min..=max).contains(&value) {
            Ok(value)
        } else {
            Err(Fault::field(name, &expected))
        }
    }

    fn text(&self, name: &str, default: &str, max_chars: usize) -> Result<String, Fault> {
        let expected = format!("a string of at most {max_chars} characters");
        let value: String = self.get(name, default.to_owned(), &expected)?;
        if value.chars().count() <= max_chars {
            Ok(value)
        } else {
            Err(Fault::field(name, &expected))
        }
    }

    fn video_size(&self) -> Result<[u32; 2], Fault> {
        let expected = "[height, width], each from 64 to 1280 in steps of 16";
        let size: [u32; 2] = self.get("video_size", [352, 608], expected)?;
        let fits = |side: &u32| (64..=1280).contains(side) && side.is_multiple_of(16);
        if size.iter().all(fits) {
            Ok(size)
        } else {
            Err(Fault::field("video_size", expected))
        }
    }

    /// The inline picture if there is one, else the path.
    fn image(&self, max_bytes: usize) -> Result<Option<ImageSource>, Fault> {
        let expected = "a base64 string";
        if let Some(raw) = self.0.get("image_base64") {
            let text: Cow<'_, str> =
                borrowed(raw).map_err(|_| Fault::field("image_base64", expected))?;
            if !text.is_empty() {
                return decode(&text, max_bytes).map(ImageSource::Inline).map(Some);
            }
        }
        let path: Option<String> = self.get("image_path", None, "a string")?;
        Ok(path.filter(|path| !path.is_empty()).map(ImageSource::Asset))
    }
}

/// A string without a copy, unless it holds escapes.
fn borrowed(raw: &str) -> serde_json::Result<Cow<'_, str>> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str::<Text<'_>>(raw).map(|text| text.0)
}

/// Base64 with white space and missing padding allowed, and a `data:` prefix, which clients forget to strip.
fn decode(text: &str, max_bytes: usize) -> Result<Vec<u8>, Fault> {
    let data = match text.strip_prefix("data:") {
        Some(url) => url.split_once(',').map_or("", |(_, data)| data),
        None => text,
    };
    if data.len() / 4 > max_bytes.div_ceil(3) + 1 {
        return Err(Fault::bad_request(format!(
            "image_base64 holds more than {max_bytes} bytes"
        )));
    }
    let bytes = base64_simd::forgiving_decode_to_vec(data.as_bytes())
        .map_err(|_| Fault::bad_request("image_base64 is not valid base64"))?;
    if bytes.len() > max_bytes {
        return Err(Fault::bad_request(format!(
            "image_base64 holds more than {max_bytes} bytes"
        )));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: StartLimits = StartLimits {
        prompt_chars: 4000,
        image_bytes: 1000,
    };

    fn refused(body: &str) -> String {
        let fault = parse(body.as_bytes(), LIMITS).unwrap_err();
        assert_eq!(fault.status, 400);
        fault.error
    }

    #[test]
    fn nothing_given_means_the_originals_defaults() {
        for body in ["{}", "null", r#"{"seed": null, "colour": [1]}"#] {
            let start = parse(body.as_bytes(), LIMITS).unwrap();
            assert_eq!(start.image, None);
            let echo = serde_json::to_value(&start.params).unwrap();
            assert_eq!(
                echo,
                serde_json::json!({
                    "image_base64": null, "image_path": null, "prompt": PROMPT, "add_neg_prompt": NEGATIVE_PROMPT,
                    "video_size": [352, 608], "cfg_scale": 1.0, "seed": 250161, "infer_steps": 8, "use_fp8": true,
                    "flow_shift_eval_video": 5.0, "sample_n_frames": 9
                })
            );
        }
    }

    #[test]
    fn an_inline_picture_wins_and_its_text_is_not_echoed() {
        for text in [
            "aGVsbG8=",
            "aGVsbG8",
            "data:image/png;base64,aGVsbG8=",
            "aGVs\\nbG8=",
            "aGVsbG8\\u003d",
        ] {
            let body = format!(r#"{{"image_base64":"{text}","image_path":"x.png"}}"#);
            let start = parse(body.as_bytes(), LIMITS).unwrap();
            assert_eq!(
                start.image,
                Some(ImageSource::Inline(b"hello".to_vec())),
                "{text}"
            );
            assert!(
                !serde_json::to_string(&start.params)
                    .unwrap()
                    .contains("image_base64")
            );
        }
        let start = parse(br#"{"image_base64":"","image_path":"x.png"}"#, LIMITS).unwrap();
        assert_eq!(start.image, Some(ImageSource::Asset("x.png".into())));
    }

    #[test]
    fn every_wrong_field_is_refused_by_name() {
        let rows = [
            (r#"{"prompt": 7}"#, "prompt"),
            (r#"{"video_size": [350, 608]}"#, "video_size"),
            (r#"{"video_size": [352]}"#, "video_size"),
            (r#"{"video_size": [48, 608]}"#, "video_size"),
            (r#"{"video_size": [352, 1296]}"#, "video_size"),
            (r#"{"cfg_scale": 31}"#, "cfg_scale"),
            (r#"{"cfg_scale": "1"}"#, "cfg_scale"),
            (r#"{"seed": 1.5}"#, "seed"),
            (r#"{"infer_steps": 0}"#, "infer_steps"),
            (r#"{"infer_steps": true}"#, "infer_steps"),
            (r#"{"use_fp8": 1}"#, "use_fp8"),
            (r#"{"sample_n_frames": 66}"#, "sample_n_frames"),
            (r#"{"image_base64": [1]}"#, "image_base64"),
            (r#"{"image_base64": "@@@@"}"#, "image_base64"),
            (r#"{"image_path": {}}"#, "image_path"),
        ];
        for (body, field) in rows {
            assert!(refused(body).starts_with(field), "{body}");
        }
    }

    #[test]
    fn too_much_is_refused() {
        assert!(
            refused(&format!(r#"{{"prompt": "{}"}}"#, "é".repeat(4001)))
                .contains("4000 characters")
        );
        assert!(
            parse(
                format!(r#"{{"prompt": "{}"}}"#, "é".repeat(4000)).as_bytes(),
                LIMITS
            )
            .is_ok()
        );
        assert!(
            refused(&format!(r#"{{"image_base64": "{}"}}"#, "AAAA".repeat(400)))
                .contains("1000 bytes")
        );
        assert!(refused(&"[".repeat(100_000)).starts_with("400 Bad Request"));
        assert!(refused("").starts_with("400 Bad Request"));
        assert!(refused("{\"prompt\": ").starts_with("400 Bad Request"));
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
            drop(parse(&body, LIMITS));
        }

        #[test]
        fn no_field_value_makes_it_panic(name in "(prompt|video_size|seed|image_base64|cfg_scale|use_fp8)", value in "[\\[\\]{}\",:0-9a-z\\\\u-]{0,40}") {
            drop(parse(format!("{{\"{name}\": {value}}}").as_bytes(), LIMITS));
        }
    }
}
