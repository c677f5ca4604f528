//! A directory of pictures as a clip, in the natural order of their names: `2.jpg` before `10.jpg`.
//!
//! Only `.jpg`, `.jpeg` and `.png` count; whatever else lies there (a signal file, a truth) is passed over. Invariant: the files
//! are those that were there when it was opened.

use super::{Clip, Count, Source};
use crate::client::referee::{Failure, pack::Picture};
use std::{
    cmp::Ordering,
    path::{Path, PathBuf},
    vec,
};

/// The clip.
#[derive(Debug)]
pub struct Sequence {
    clip: Clip,
    files: vec::IntoIter<PathBuf>,
}

impl Sequence {
    /// Lists a directory, and reads the size of its first picture.
    ///
    /// # Errors
    /// [`Failure::Local`] if it cannot be read or holds no picture.
    pub fn open(directory: &Path, fps: f64) -> Result<Self, Failure> {
        let cannot =
            |why: &dyn std::fmt::Display| Failure::Local(format!("{}: {why}", directory.display()));
        let entries = std::fs::read_dir(directory).map_err(|why| cannot(&why))?;
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(|why| cannot(&why))?.path();
            if kind(&path).is_some() {
                files.push(path);
            }
        }
        files.sort_by(|a, b| natural(&name(a), &name(b)));
        let first = files
            .first()
            .ok_or_else(|| cannot(&"no .jpg or .png pictures here"))?;
        let first = read(first)?.pixels()?;
        let clip = Clip {
            fps,
            width: first.width,
            height: first.height,
            frames: Count::Exactly(files.len() as u64),
        };
        Ok(Self {
            clip,
            files: files.into_iter(),
        })
    }
}

impl Source for Sequence {
    fn clip(&self) -> Clip {
        self.clip
    }

    fn next(&mut self) -> Result<Option<Picture>, Failure> {
        self.files.next().map(|file| read(&file)).transpose()
    }
}

fn read(path: &Path) -> Result<Picture, Failure> {
    let file = std::fs::read(path)
        .map_err(|why| Failure::Local(format!("{}: {why}", path.display())))?
        .into();
    Ok(match kind(path) {
        Some(Kind::Png) => Picture::Png(file),
        _ => Picture::Jpeg(file),
    })
}

enum Kind {
    Jpeg,
    Png,
}

fn kind(path: &Path) -> Option<Kind> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    match ending.as_str() {
        "jpg" | "jpeg" => Some(Kind::Jpeg),
        "png" => Some(Kind::Png),
        _ => None,
    }
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Compares names as people do: runs of digits as numbers, everything else as it is. Names that differ in leading zeros alone
/// are ordered by their bytes, so that the order is always the same.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (number_left, rest_left) = digits(left);
        let (number_right, rest_right) = digits(right);
        if !number_left.is_empty() && !number_right.is_empty() {
            let [x, y] = [number_left, number_right].map(|text| text.trim_start_matches('0'));
            match x.len().cmp(&y.len()).then_with(|| x.cmp(y)) {
                Ordering::Equal => (left, right) = (rest_left, rest_right),
                unequal => return unequal,
            }
            continue;
        }
        let (mut letters_left, mut letters_right) = (left.chars(), right.chars());
        match (letters_left.next(), letters_right.next()) {
            (None, None) => return a.cmp(b),
            (x, y) if x == y => (left, right) = (letters_left.as_str(), letters_right.as_str()),
            (x, y) => return x.cmp(&y),
        }
    }
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|letter: char| !letter.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::referee::{
            options::Encoding,
            pack::{Form, Packer},
        },
        media::Rgb8,
    };
    use proptest::prelude::*;

    fn png(grey: u8) -> Vec<u8> {
        let form = Form {
            encoding: Encoding::Png,
            quality: None,
            resized: None,
        };
        let picture = Picture::Rgb(Rgb8::filled(20, 10, [grey; 3]));
        Packer::new(form).unwrap().pack(picture).unwrap().to_vec()
    }

    #[test]
    fn pictures_come_in_natural_order_and_other_files_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        for (name, grey) in [("f10.png", 10), ("f2.png", 2), ("f1.PNG", 1)] {
            std::fs::write(directory.path().join(name), png(grey)).unwrap();
        }
        std::fs::write(directory.path().join("signal.txt"), "x").unwrap();
        let mut sequence = Sequence::open(directory.path(), 15.0).unwrap();
        assert_eq!(
            sequence.clip(),
            Clip {
                fps: 15.0,
                width: 20,
                height: 10,
                frames: Count::Exactly(3)
            }
        );
        let mut greys = Vec::new();
        while let Some(picture) = sequence.next().unwrap() {
            greys.push(picture.pixels().unwrap().data[0]);
        }
        assert_eq!(greys, [1, 2, 10]);
    }

    #[test]
    fn a_directory_without_pictures_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let failure = Sequence::open(directory.path(), 15.0)
            .unwrap_err()
            .to_string();
        assert!(failure.contains("no .jpg or .png"), "{failure}");
        assert!(
            failure.contains(directory.path().to_str().unwrap()),
            "{failure}"
        );
    }

    #[test]
    fn numbers_in_names_count_as_numbers() {
        for (first, second) in [
            ("a2", "a10"),
            ("a02", "a3"),
            ("a", "a0"),
            ("1b", "1c"),
            ("99999999999999999999", "100000000000000000000"),
            ("a01", "a1"),
        ] {
            assert_eq!(natural(first, second), Ordering::Less, "{first} {second}");
        }
    }

    proptest! {
        #[test]
        fn the_order_is_an_order(a in "[a0-9]{0,6}", b in "[a0-9]{0,6}", c in "[a0-9]{0,6}") {
            prop_assert_eq!(natural(&a, &b), natural(&b, &a).reverse());
            if natural(&a, &b).is_le() && natural(&b, &c).is_le() {
                prop_assert!(natural(&a, &c).is_le());
            }
            prop_assert_eq!(natural(&a, &b).is_eq(), a == b);
        }
    }
}
