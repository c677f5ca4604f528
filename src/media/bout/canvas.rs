//! Shapes into pixels: what is drawn goes through the lens and gets the hall's light here.
//!
//! Not responsible for what is drawn. Points are places of the straight picture.

use super::{
    camera::Camera,
    space::{P2, p2},
};
use tiny_skia::{
    BlendMode, Color, FillRule, FilterQuality, GradientStop, LineCap, LineJoin, LinearGradient,
    Paint, Path, PathBuilder, Pattern, Pixmap, Point, Rect, Shader, SpreadMode, Stroke, Transform,
};

/// A colour before the light falls on it.
pub type Colour = [u8; 3];

/// Pixels between the points that the lens moves one by one.
const BEND_EVERY: f32 = 24.0;

/// A picture that is being drawn.
pub struct Canvas<'a> {
    pixmap: &'a mut Pixmap,
    camera: &'a Camera,
    light: f32,
    /// Where the picture's corner is on this canvas.
    origin: P2,
}

// === impl Canvas ===

impl<'a> Canvas<'a> {
    pub fn new(pixmap: &'a mut Pixmap, camera: &'a Camera, light: f32, origin: P2) -> Self {
        Self {
            pixmap,
            camera,
            light,
            origin,
        }
    }

    /// The camera that sees this.
    pub fn camera(&self) -> &'a Camera {
        self.camera
    }

    fn lit(&self, colour: Colour, alpha: f32) -> Color {
        let [r, g, b] = colour.map(|c| (f32::from(c) / 255.0 * self.light).clamp(0.0, 1.0));
        Color::from_rgba(r, g, b, alpha.clamp(0.0, 1.0)).unwrap_or(Color::BLACK)
    }

    fn place(&self, point: P2) -> P2 {
        let bent = self.camera.bend(point);
        p2(bent.x + self.origin.x, bent.y + self.origin.y)
    }

    fn path(&self, points: &[P2], closed: bool) -> Option<Path> {
        let mut path = PathBuilder::new();
        let first = self.place(*points.first()?);
        path.move_to(first.x, first.y);
        let back = if closed { points.first() } else { None };
        for (from, to) in points.iter().zip(points[1..].iter().chain(back)) {
            let parts = match self.camera.is_straight() {
                true => 1,
                false => (from.distance(*to) / BEND_EVERY).ceil().clamp(1.0, 512.0) as u32,
            };
            for part in 1..=parts {
                let at = self.place(from.mix(*to, part as f32 / parts as f32));
                path.line_to(at.x, at.y);
            }
        }
        if closed {
            path.close();
        }
        path.finish()
    }

    fn fill_with(&mut self, points: &[P2], shader: Shader<'_>) {
        let Some(path) = self.path(points, true) else {
            return;
        };
        let paint = Paint {
            shader,
            ..Paint::default()
        };
        self.pixmap.fill_path(
            &path,
            &paint,
            FillRule::Winding,
            Transform::identity(),
            None,
        );
    }

    /// A polygon of one colour.
    pub fn polygon(&mut self, points: &[P2], colour: Colour, alpha: f32) {
        let colour = self.lit(colour, alpha);
        self.fill_with(points, Shader::SolidColor(colour));
    }

    /// A polygon that goes from one colour at its top to another at its bottom.
    pub fn shaded(&mut self, points: &[P2], top: Colour, bottom: Colour) {
        let rows = points.iter().map(|p| p.y + self.origin.y);
        let (low, high) = rows.fold((f32::MAX, f32::MIN), |(l, h), y| (l.min(y), h.max(y)));
        let stops = vec![
            GradientStop::new(0.0, self.lit(top, 1.0)),
            GradientStop::new(1.0, self.lit(bottom, 1.0)),
        ];
        let (from, to) = (Point::from_xy(0.0, low), Point::from_xy(0.0, high));
        match LinearGradient::new(from, to, stops, SpreadMode::Pad, Transform::identity()) {
            Some(gradient) => self.fill_with(points, gradient),
            None => self.polygon(points, top, 1.0),
        }
    }

    /// A limb: two round ends of these radii, and what is between.
    pub fn limb(&mut self, a: P2, b: P2, ra: f32, rb: f32, colour: Colour) {
        let angle = (b.y - a.y).atan2(b.x - a.x);
        let arc = |centre: P2, radius: f32, from: f32| {
            (0..=6).map(move |k| {
                let at = from + std::f32::consts::PI * k as f32 / 6.0;
                p2(centre.x + radius * at.cos(), centre.y + radius * at.sin())
            })
        };
        let quarter = std::f32::consts::FRAC_PI_2;
        let mut points: Vec<P2> = arc(b, rb, angle - quarter).collect();
        points.extend(arc(a, ra, angle + quarter));
        self.polygon(&points, colour, 1.0);
    }

    /// An ellipse, turned by an angle in radians.
    pub fn ellipse(&mut self, centre: P2, rx: f32, ry: f32, turn: f32, colour: Colour, alpha: f32) {
        let (sin, cos) = turn.sin_cos();
        let points: Vec<P2> = (0..20)
            .map(|k| {
                let (s, c) = (std::f32::consts::TAU * k as f32 / 20.0).sin_cos();
                let (x, y) = (rx * c, ry * s);
                p2(centre.x + x * cos - y * sin, centre.y + x * sin + y * cos)
            })
            .collect();
        self.polygon(&points, colour, alpha);
    }

    /// A line through points, `width` pixels wide.
    pub fn line(&mut self, points: &[P2], width: f32, colour: Colour, alpha: f32) {
        let Some(path) = self.path(points, false) else {
            return;
        };
        let paint = Paint {
            shader: Shader::SolidColor(self.lit(colour, alpha)),
            ..Paint::default()
        };
        let stroke = Stroke {
            width,
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        self.pixmap
            .stroke_path(&path, &paint, &stroke, Transform::identity(), None);
    }

    /// Lays a tile of noise over everything.
    pub fn grain(&mut self, tile: &Pixmap, offset: P2) {
        let shader = Pattern::new(
            tile.as_ref(),
            SpreadMode::Repeat,
            FilterQuality::Nearest,
            1.0,
            Transform::from_translate(offset.x.floor(), offset.y.floor()),
        );
        let paint = Paint {
            shader,
            blend_mode: BlendMode::SourceOver,
            ..Paint::default()
        };
        let (w, h) = (self.pixmap.width() as f32, self.pixmap.height() as f32);
        if let Some(all) = Rect::from_xywh(0.0, 0.0, w, h) {
            self.pixmap
                .fill_rect(all, &paint, Transform::identity(), None);
        }
    }
}
