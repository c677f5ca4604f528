//! Pixel work of one frame, each beside the plain way to do it.
//!
//! `cargo bench --bench codec`; compare within a group only. The sizes are those of a world frame
//! (608×352) and of a photograph that a client uploads (1920×1080).

use std::hint::black_box;
use std::io::Cursor;

use criterion::{Criterion, criterion_group, criterion_main};
use frameloom::media::jpeg::{Encoder, Quality, Subsampling};
use frameloom::media::{DecodeLimits, Rgb8, convert, picture};
use image::{DynamicImage, ImageReader, RgbImage, imageops::FilterType};

const WIDTH: u32 = 608;
const HEIGHT: u32 = 352;

/// Soft shapes with some grain, which compress about as a photograph does.
fn scene(width: u32, height: u32) -> Rgb8 {
    let wave = |at: u32, length: f32| (at as f32 / length).sin() * 60.0;
    let mut grain = 1u32;
    Rgb8::from_fn(width, height, |x, y| {
        grain = grain.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let light = 128.0 + wave(x, 37.0) + wave(y, 23.0) + (grain >> 29) as f32;
        [light as u8, (light * 0.8) as u8, (255.0 - light) as u8]
    })
}

fn dynamic(picture: &Rgb8) -> DynamicImage {
    let image = RgbImage::from_raw(picture.width, picture.height, picture.data.clone());
    DynamicImage::from(image.expect("a whole picture"))
}

fn encoder(subsampling: Subsampling) -> Encoder {
    Encoder::new(Quality::new(85).expect("1 to 100"), subsampling)
}

fn encode(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("jpeg encode 608x352 q85");
    let picture = scene(WIDTH, HEIGHT);
    let (mut half, mut full) = (encoder(Subsampling::S420), encoder(Subsampling::S444));
    group.bench_function("frameloom 4:2:0", |b| {
        b.iter(|| half.encode(black_box(&picture)))
    });
    group.bench_function("frameloom 4:4:4", |b| {
        b.iter(|| full.encode(black_box(&picture)))
    });
    let plain = dynamic(&picture);
    group.bench_function("image 4:4:4", |b| {
        b.iter(|| {
            let mut file = Vec::new();
            image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 85)
                .encode_image(black_box(&plain))
                .map(|()| file)
        });
    });
}

fn decode(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("jpeg decode 1920x1080");
    let file = encoder(Subsampling::S420)
        .encode(&scene(1920, 1080))
        .expect("encodes");
    let limits = DecodeLimits::default();
    group.bench_function("frameloom", |b| {
        b.iter(|| picture::decode(black_box(&file), &limits))
    });
    group.bench_function("image", |b| {
        b.iter(|| {
            ImageReader::with_format(Cursor::new(black_box(&file)), image::ImageFormat::Jpeg)
                .decode()
        });
    });
}

fn to_bytes(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("planar f32 to rgb8 608x352");
    let pixels = (WIDTH * HEIGHT) as usize;
    let planes: Vec<f32> = (0..pixels * 3)
        .map(|i| (i % 1_000) as f32 / 990.0 - 0.005)
        .collect();
    let mut bytes = vec![0; pixels * 3];
    group.bench_function("frameloom", |b| {
        b.iter(|| {
            convert::planar_to_rgb8(black_box(&planes), WIDTH, HEIGHT, black_box(&mut bytes))
        });
    });
    group.bench_function("naive", |b| {
        b.iter(|| {
            for (i, byte) in black_box(&mut bytes).iter_mut().enumerate() {
                *byte = (planes[i % 3 * pixels + i / 3].clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
            }
        });
    });
}

fn to_floats(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("rgb8 to planar f32 608x352");
    let picture = scene(WIDTH, HEIGHT);
    let pixels = picture.data.len() / 3;
    let mut planes = vec![0.0; pixels * 3];
    group.bench_function("frameloom", |b| {
        b.iter(|| {
            convert::rgb8_to_planar(
                black_box(&picture.data),
                WIDTH,
                HEIGHT,
                black_box(&mut planes),
            )
        });
    });
    group.bench_function("naive", |b| {
        b.iter(|| {
            for (i, value) in black_box(&mut planes).iter_mut().enumerate() {
                *value = f32::from(picture.data[i % pixels * 3 + i / pixels]) / 255.0;
            }
        });
    });
}

fn cover(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("cover 1920x1080 to 608x352");
    let picture = scene(1920, 1080);
    group.bench_function("frameloom", |b| {
        b.iter(|| picture::cover(black_box(&picture), WIDTH, HEIGHT))
    });
    let plain = dynamic(&picture);
    group.bench_function("image", |b| {
        b.iter(|| black_box(&plain).resize_to_fill(WIDTH, HEIGHT, FilterType::Triangle));
    });
}

criterion_group!(codec, encode, decode, to_bytes, to_floats, cover);
criterion_main!(codec);
