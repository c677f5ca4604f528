//! The keypoint table as files: a workbook with the original's sheets, and one CSV.

use crate::pipelines::referee::tracks::{FPS, KEYPOINTS, Side, Tracks};
use rust_xlsxwriter::{Workbook, XlsxError};
use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
    path::Path,
};

/// The sheets, in the original's order: fencer, axis.
const SHEETS: [(&str, Side, usize); 4] = [
    ("Left_X", Side::Left, 0),
    ("Left_Y", Side::Left, 1),
    ("Right_X", Side::Right, 0),
    ("Right_Y", Side::Right, 1),
];

/// Sheets `Left_X`, `Left_Y`, `Right_X`, `Right_Y`; columns `0` to `16`, a row a frame at 15 a second, in units of the
/// normalisation constant. A keypoint that was not seen is an empty cell.
///
/// Rows go to files without names beside `path` as they come, so that hours of video take no more memory than a second does.
///
/// # Errors
/// If the file cannot be written.
pub fn write_xlsx(path: &Path, tracks: &Tracks) -> Result<(), XlsxError> {
    let mut book = Workbook::new();
    if let Some(folder) = path.parent() {
        book.set_tempdir(folder)?;
    }
    for (name, side, axis) in SHEETS {
        let sheet = book.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?;
        for column in 0..KEYPOINTS {
            sheet.write_string(0, column as u16, column.to_string())?;
        }
        for frame in 0..tracks.frames() {
            for column in 0..KEYPOINTS {
                if let Some(value) = value(tracks, side, frame, column, axis) {
                    sheet.write_number(frame as u32 + 1, column as u16, value)?;
                }
            }
        }
    }
    book.save(path)
}

/// One row a frame: its number, its time in seconds, then `left_0_x`, `left_0_y` and so on to `right_16_y`.
///
/// # Errors
/// If the file cannot be written.
pub fn write_csv(path: &Path, tracks: &Tracks) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    write!(out, "frame,time")?;
    for (side, keypoint, axis) in columns() {
        write!(out, ",{side}_{keypoint}_{}", ["x", "y"][axis])?;
    }
    writeln!(out)?;
    for frame in 0..tracks.frames() {
        write!(out, "{frame},{:.4}", frame as f64 / FPS)?;
        for (side, keypoint, axis) in columns() {
            match value(tracks, side, frame, keypoint, axis) {
                Some(value) => write!(out, ",{value:.5}")?,
                None => write!(out, ",")?,
            }
        }
        writeln!(out)?;
    }
    out.flush()
}

fn columns() -> impl Iterator<Item = (Side, usize, usize)> {
    let keypoints = |side| (0..KEYPOINTS).flat_map(move |k| [(side, k, 0), (side, k, 1)]);
    Side::BOTH.into_iter().flat_map(keypoints)
}

fn value(tracks: &Tracks, side: Side, frame: usize, keypoint: usize, axis: usize) -> Option<f64> {
    let point = tracks.point(side, frame, keypoint)?;
    Some(f64::from([point.x, point.y][axis]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipelines::referee::tracks::Point;
    use calamine::{Data, Reader as _, Xlsx, open_workbook};

    fn tracks() -> Tracks {
        let mut left = [None; KEYPOINTS];
        left[16] = Some(Point { x: 2.5, y: 7.25 });
        Tracks {
            left: vec![[None; KEYPOINTS], left],
            right: vec![left],
        }
    }

    #[test]
    fn the_workbook_has_the_originals_sheets_and_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("table.xlsx");
        write_xlsx(&path, &tracks()).unwrap();
        let mut book: Xlsx<_> = open_workbook(&path).unwrap();
        assert_eq!(
            book.sheet_names(),
            ["Left_X", "Left_Y", "Right_X", "Right_Y"]
        );
        let sheet = book.worksheet_range("Left_Y").unwrap();
        assert_eq!(sheet.get_value((0, 16)), Some(&Data::String("16".into())));
        assert_eq!(sheet.get_value((2, 16)), Some(&Data::Float(7.25)));
        assert!(matches!(sheet.get_value((1, 16)), None | Some(Data::Empty)));
    }

    #[test]
    fn the_csv_has_a_row_a_frame_and_leaves_out_what_was_not_seen() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("table.csv");
        write_csv(&path, &tracks()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(
            lines[0].starts_with("frame,time,left_0_x,left_0_y,")
                && lines[0].ends_with(",right_16_y")
        );
        assert!(lines[2].starts_with("1,0.0667,,,") && lines[2].contains(",2.50000,7.25000,"));
        assert!(
            lines
                .iter()
                .all(|line| line.split(',').count() == 2 + 4 * KEYPOINTS)
        );
    }
}
