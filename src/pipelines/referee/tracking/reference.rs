//! What fencers look like at the start, from the keypoint table of another bout.

use super::posture::Points;
use crate::pipelines::referee::tracks::{KEYPOINTS, Side};
use calamine::{Data, Range, Reader as _, Xlsx, open_workbook};
use std::path::{Path, PathBuf};

/// The postures of the first row of a keypoint table; the unit does not matter.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferencePostures {
    left: Points,
    right: Points,
}

/// A workbook that gives no postures.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// It cannot be opened or read.
    #[error("{}: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It has not the form of a keypoint table.
    #[error("{}: sheet `{sheet}` {why}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// The sheet.
        sheet: String,
        /// What is wrong with it.
        why: String,
    },
}

impl ReferencePostures {
    /// Reads the sheets `Left_X`, `Left_Y`, `Right_X` and `Right_Y`: columns named `0` to `16`, of which the first row below the names
    /// counts. Empty cells are keypoints that were not seen.
    ///
    /// # Errors
    /// If the file cannot be read, or a sheet or a column is missing.
    pub fn from_xlsx(path: &Path) -> Result<Self, ReferenceError> {
        let mut book: Xlsx<_> =
            open_workbook(path).map_err(|e: calamine::XlsxError| ReferenceError::Unreadable {
                path: path.to_owned(),
                why: e.to_string(),
            })?;
        let mut row = |sheet: &str| {
            let form = |why: String| ReferenceError::Form {
                path: path.to_owned(),
                sheet: sheet.to_owned(),
                why,
            };
            let range = book
                .worksheet_range(sheet)
                .map_err(|e| form(e.to_string()))?;
            first_row(&range).map_err(form)
        };
        let [left_x, left_y] = [row("Left_X")?, row("Left_Y")?];
        let [right_x, right_y] = [row("Right_X")?, row("Right_Y")?];
        Ok(Self {
            left: points(left_x, left_y),
            right: points(right_x, right_y),
        })
    }

    pub(super) fn of(&self, side: Side) -> &Points {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }
}

/// The first row's numbers by the columns' names.
fn first_row(range: &Range<Data>) -> Result<[Option<f32>; KEYPOINTS], String> {
    let mut rows = range.rows();
    let names = rows.next().ok_or("is empty")?;
    let first = rows.next().ok_or("has no row below the names")?;
    let mut row = [None; KEYPOINTS];
    for (keypoint, value) in row.iter_mut().enumerate() {
        let named = |cell: &Data| cell.to_string() == keypoint.to_string();
        let column = names.iter().position(named);
        let column = column.ok_or_else(|| format!("has no column `{keypoint}`"))?;
        *value = first.get(column).and_then(number);
    }
    Ok(row)
}

fn number(cell: &Data) -> Option<f32> {
    match cell {
        Data::Float(x) if x.is_finite() => Some(*x as f32),
        Data::Int(x) => Some(*x as f32),
        _ => None,
    }
}

fn points(x: [Option<f32>; KEYPOINTS], y: [Option<f32>; KEYPOINTS]) -> Points {
    std::array::from_fn(|at| Some([x[at]?, y[at]?]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(names: &[&str], values: &[f64]) -> Range<Data> {
        let mut range = Range::new((0, 0), (1, 16));
        for (at, name) in names.iter().enumerate() {
            range.set_value((0, at as u32), Data::String((*name).to_owned()));
        }
        for (at, value) in values.iter().enumerate() {
            range.set_value((1, at as u32), Data::Float(*value));
        }
        range
    }

    #[test]
    fn a_row_is_read_by_the_names_of_its_columns() {
        let names: Vec<String> = (0..KEYPOINTS).rev().map(|n| n.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let row = first_row(&sheet(&names, &[7.5])).unwrap();
        assert_eq!((row[16], row[0]), (Some(7.5), None));
    }

    #[test]
    fn a_missing_column_is_named() {
        let why = first_row(&sheet(&["0", "1"], &[1.0, 2.0])).unwrap_err();
        assert_eq!(why, "has no column `2`");
    }

    #[test]
    fn a_file_that_is_no_workbook_is_refused_with_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("postures.xlsx");
        std::fs::write(&path, "text").unwrap();
        let refused = ReferencePostures::from_xlsx(&path).unwrap_err();
        assert!(refused.to_string().contains("postures.xlsx"), "{refused}");
    }
}
